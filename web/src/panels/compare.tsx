// Two times of one release, or two releases of the same zones, and what differs by more than noise. web2 is at it.
export function Compare() {
  return null;
}
