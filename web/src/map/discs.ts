// Places that are points as discs. Where neighbours are closer than two radii each has what lies nearer to it than to any
// other (its Voronoi cell), so that none hides another and a click means the nearest.

/** Degrees of latitude: about 155 m. */
const RADIUS = 0.0014;
const CORNERS = 24;

type Point = readonly [x: number, y: number];

/** A ring of lon and lat around each point. */
export function discs(points: readonly number[][]): number[][][] {
  const latitude = points.length > 0 ? points.reduce((sum, [, lat]) => sum + lat!, 0) / points.length : 0;
  const narrow = Math.max(0.01, Math.cos((latitude * Math.PI) / 180));
  const plane = points.map(([lon, lat]): Point => [lon! * narrow, lat!]);
  const near = neighbours(plane);
  return plane.map((centre) => cut(centre, near(centre)).map(([x, y]) => [x / narrow, y]));
}

/** The disc around a point, cut half way to each of the others. */
function cut(centre: Point, others: Point[]): Point[] {
  let ring = Array.from({ length: CORNERS }, (_, at): Point => {
    const angle = (at / CORNERS) * 2 * Math.PI;
    return [centre[0] + Math.cos(angle) * RADIUS, centre[1] + Math.sin(angle) * RADIUS];
  });
  for (const other of others) {
    const [u, v] = [other[0] - centre[0], other[1] - centre[1]];
    const middle = [centre[0] + u / 2, centre[1] + v / 2] as const;
    ring = keep(ring, ([x, y]) => (x - middle[0]) * u + (y - middle[1]) * v);
  }
  return ring;
}

/** What of a convex ring lies where `beyond` is not above zero (Sutherland and Hodgman 1974, for one edge). */
function keep(ring: Point[], beyond: (point: Point) => number): Point[] {
  return ring.flatMap((to, at) => {
    const from = ring[(at + ring.length - 1) % ring.length]!;
    const [before, after] = [beyond(from), beyond(to)];
    const share = before / (before - after);
    const edge: Point = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
    return [...(before > 0 !== after > 0 ? [edge] : []), ...(after <= 0 ? [to] : [])];
  });
}

/** The other points within two radii, found in squares of that size. Points at one and the same place share it. */
function neighbours(plane: Point[]): (centre: Point) => Point[] {
  const square = (value: number) => Math.floor(value / (2 * RADIUS));
  const squares = new Map<string, Point[]>();
  for (const point of plane) {
    const key = `${square(point[0])} ${square(point[1])}`;
    const there = squares.get(key);
    if (there) there.push(point);
    else squares.set(key, [point]);
  }
  return (centre) => {
    const found: Point[] = [];
    for (let x = -1; x <= 1; x++)
      for (let y = -1; y <= 1; y++)
        found.push(...(squares.get(`${square(centre[0]) + x} ${square(centre[1]) + y}`) ?? []));
    return found.filter((one) => {
      const distance = Math.hypot(one[0] - centre[0], one[1] - centre[1]);
      return distance > RADIUS / 1000 && distance < 2 * RADIUS;
    });
  };
}
