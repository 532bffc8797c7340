/** What a provider's server answers itself, with all that it has to ask for it (facts 3.1). */
import type { ServerView } from '../configuration.ts';
import type { SoapMessage } from '../soap/soap-message.ts';
import { describeServices, groupsOf } from './described-service.ts';
import type { DescribedService, MetadataQuestion } from './described-service.ts';
import { fetchDescription } from './description-source.ts';
import type { Description } from './description-source.ts';
import type { MetadataAnswer } from './list-clients.ts';
import type { RestMetadataService, SoapMetadataService } from './metadata-service.ts';
import { listRestMethods, listSoapMethods } from './method-list.ts';
import {
  answerWithOpenApi,
  answerWithWsdl,
  wantedByOpenApiRequest,
  wantedByWsdlRequest,
} from './service-description.ts';

export interface Asker {
  readonly client: string;
  readonly provider: string;
}

/** Throws SoapError, whose place is Place.ServerProxy. */
export async function soapMetadata(
  view: ServerView,
  asker: Asker,
  service: SoapMetadataService,
  request: SoapMessage,
): Promise<MetadataAnswer> {
  const question = questionOf(view, asker);
  if (service !== 'getWsdl') return listSoapMethods(request, question, service);
  const { body } = await descriptionOf(view, wantedByWsdlRequest(request, question));
  return answerWithWsdl(request, body);
}

/** The same for REST. */
export async function restMetadata(
  view: ServerView,
  asker: Asker,
  service: RestMetadataService,
  query: string | null,
): Promise<MetadataAnswer> {
  const question = questionOf(view, asker);
  if (service !== 'getOpenAPI') return listRestMethods(question, service);
  const found = await descriptionOf(view, wantedByOpenApiRequest(query, question));
  return answerWithOpenApi(found.body, found.contentType);
}

function questionOf(view: ServerView, { client, provider }: Asker): MetadataQuestion {
  return {
    services: describeServices(view),
    provider,
    client,
    groups: groupsOf(view, client),
    version: view.version,
  };
}

function descriptionOf(view: ServerView, { id }: DescribedService): Promise<Description> {
  return fetchDescription(view.serviceUrls.get(id) ?? '');
}
