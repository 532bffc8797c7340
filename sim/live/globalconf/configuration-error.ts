/**
 * A configuration that may not be used, or that could not be had. The codes of trust are X-Road's
 * own (CO/ErrorCode of 7.8: the `global_conf_*` family).
 */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const ConfigurationFault = {
  Outdated: 'global_conf_outdated',
  Malformed: 'global_conf_parsing_downloaded_conf_directory_failure',
  MissingSignedData: 'global_conf_missing_signed_data',
  MissingExpireDate: 'global_conf_header_field_missing',
  MissingVerificationCertificate: 'global_conf_missing_verification_cert',
  Signature: 'global_conf_signature_verification_failure',
  SignatureEncoding: 'global_conf_signature_decode_failure',
  Connection: 'global_conf_download_url_connection_failure',
  ContentLocation: 'global_conf_part_invalid_content_location',
  DuplicateTarget: 'global_conf_part_duplicate_target',
  /** A part whose bytes are not those that were signed. */
  Integrity: 'io_error',
  /** A part that is not what its schema says. */
  InvalidXml: 'invalid_xml',
  /** A part that speaks for another instance than the one it was asked for. */
  ForeignPart: 'global_conf_part_foreign_instance',
} as const;
