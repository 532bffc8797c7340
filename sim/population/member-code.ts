/**
 * Member codes that look right and belong to nobody: drawn from ranges that the registers have not
 * reached, so that no synthetic figure can be taken for one of a real organisation.
 *
 * Estonia: eight digits of the business register, the first by the kind of body (facts 1: first
 * digit 1 to 6 company, 7 state, 8 and 9 non-profit). In use are 10 to 17 million, 70 and 74 to 77
 * million, 80 and 90 million; 19, 79 and 89 million are free.
 * Finland: seven digits, a hyphen and a check digit. In use are numbers below 4 million.
 */

/** One index, one code: no two members of an instance share one, whatever their classes. */
export function memberCode(instance: string, memberClass: string, index: number): string {
  const country = instance.toUpperCase().split('-')[0];
  if (country === 'EE') return String(estonianBase(memberClass) + index + 1);
  if (country === 'FI') return businessId(index);
  return String(90_000_000 + index + 1);
}

function estonianBase(memberClass: string): number {
  if (memberClass === 'GOV') return 79_000_000;
  if (memberClass === 'NGO') return 89_000_000;
  if (memberClass === 'COM') return 19_000_000;
  return 99_000_000;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2];

/** The check digit of a Finnish business id; null: no id has these digits. */
export function businessIdCheckDigit(digits: string): number | null {
  const sum = WEIGHTS.reduce((partial, weight, at) => partial + weight * Number(digits[at]), 0);
  const remainder = sum % 11;
  if (remainder === 1) return null;
  return remainder === 0 ? 0 : 11 - remainder;
}

/**
 * The index-th id from 9,000,000 on. Each index has a stretch of three numbers of its own: of two
 * neighbours at least one has a check digit.
 */
function businessId(index: number): string {
  for (let step = 0; ; step++) {
    const digits = String(9_000_000 + index * 3 + step);
    const check = businessIdCheckDigit(digits);
    if (check !== null) return `${digits}-${check}`;
  }
}
