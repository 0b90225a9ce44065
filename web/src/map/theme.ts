// The map's own colours: paper by day, slate by night. The panels have theirs in style/tokens.css.

export interface Theme {
  water: string;
  land: string;
  border: string;
  coast: string;
  green: string;
  building: string;
  road: string;
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
  green: "#e9ecdd",
  building: "#ece6da",
  road: "#dfd8ca",
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
  green: "#1b2725",
  building: "#20292e",
  road: "#2c363c",
  label: "#c3c9c6",
  halo: "rgba(18,24,28,0.85)",
  outline: "rgba(220,230,230,0.10)",
  chosen: "#ff9d6b",
};

export const theme = (dark: boolean): Theme => (dark ? NIGHT : DAY);
