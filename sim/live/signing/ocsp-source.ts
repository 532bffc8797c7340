/**
 * Where a security server gets the OCSP answers about its own certificates from. They go into its
 * signatures and into its requests, because a peer judges them by its own clock (facts 5.2).
 */
export interface OcspSource {
  /** DER; null: there is no answer that could be used. */
  of(certificateDer: Buffer): Buffer | null;
}

/** About a certificate and the authorities above it; null: an answer is missing. */
export function answersAbout(
  source: OcspSource,
  certificates: readonly Buffer[],
): readonly Buffer[] | null {
  const answers = certificates.map((one) => source.of(one)).filter((answer) => answer !== null);
  return answers.length === certificates.length ? answers : null;
}
