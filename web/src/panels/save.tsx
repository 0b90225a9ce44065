// What is seen, to keep: picture, table, the lines that show it again, the link. web2 is at it.
export function Save() {
  return null;
}
