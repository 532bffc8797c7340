/**
 * Which requests the provider's server answers itself. They skip the checks of the service and of
 * the right to call it, but are verified and logged like all others (facts 2.3), and any client of
 * the network may make them.
 *
 * Source, read at 7.8: MetadataServiceHandlerImpl.canHandle,
 * RestMetadataServiceHandlerImpl.canHandle.
 */
const SOAP_SERVICES = ['listMethods', 'allowedMethods', 'getWsdl'] as const;
const REST_SERVICES = ['listMethods', 'allowedMethods', 'getOpenAPI'] as const;

export type SoapMetadataService = (typeof SOAP_SERVICES)[number];
export type RestMetadataService = (typeof REST_SERVICES)[number];

/** Null: the information system answers. */
export function soapMetadataService(serviceCode: string): SoapMetadataService | null {
  return SOAP_SERVICES.find((known) => known === serviceCode) ?? null;
}

/** Null: the information system answers. Only GET is a question to the server. */
export function restMetadataService(verb: string, serviceCode: string): RestMetadataService | null {
  if (verb !== 'GET') return null;
  return REST_SERVICES.find((known) => known === serviceCode) ?? null;
}
