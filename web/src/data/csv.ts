// Rows as CSV (RFC 4180).

export type Cell = string | number | boolean | null;

export function csv(columns: string[], rows: Iterable<Cell[]>): string {
  const lines = [columns.join(",")];
  for (const row of rows) lines.push(row.map(cell).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function cell(value: Cell): string {
  if (value === null || Number.isNaN(value)) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
