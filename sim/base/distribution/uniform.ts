/** Every value between two bounds alike. */

export function quantileUniform(u: number, from: number, to: number): number {
  return from + u * (to - from);
}

export function meanUniform(from: number, to: number): number {
  return (from + to) / 2;
}
