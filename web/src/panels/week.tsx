// The hours of a week as a grid: of the whole, or of the chosen place. web2 is at it.
export function Week() {
  return null;
}
