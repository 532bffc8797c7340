/** Always the same value. A draw is spent on it all the same: others stay where they are. */

export function quantileConstant(_u: number, value: number): number {
  return value;
}

export function meanConstant(value: number): number {
  return value;
}
