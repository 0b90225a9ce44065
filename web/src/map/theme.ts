// The map's own colours: paper by day, slate by night. The panels have theirs in style/tokens.css.

export interface Theme {
  water: string;
  land: string;
  border: string;
  coast: string;
  label: string;
  halo: string;
  outline: string;
  chosen: string;
}

const DAY: Theme = {
  water: "#dfe7e6",
  land: "#f6f3ec",
  border: "#c9c1b2",
  coast: "#b3c2c1",
  label: "#4b4a45",
  halo: "rgba(250,248,243,0.85)",
  outline: "rgba(60,66,70,0.16)",
  chosen: "#c4542d",
};

const NIGHT: Theme = {
  water: "#11171b",
  land: "#1a2126",
  border: "#39434a",
  coast: "#2b383f",
  label: "#c3c9c6",
  halo: "rgba(18,24,28,0.85)",
  outline: "rgba(220,230,230,0.10)",
  chosen: "#ff9d6b",
};

export const theme = (dark: boolean): Theme => (dark ? NIGHT : DAY);
