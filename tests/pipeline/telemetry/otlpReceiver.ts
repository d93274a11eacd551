import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A value of an attribute in OTLP's JSON. */
interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

type Attributes = readonly { readonly key: string; readonly value: AnyValue }[];

interface WireSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Attributes;
  readonly status: { readonly code?: number };
}

interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** A span as it was received; times are in milliseconds since 1970. */
export interface ReceivedSpan extends Omit<
  WireSpan,
  'attributes' | 'startTimeUnixNano' | 'endTimeUnixNano' | 'status'
> {
  readonly service: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly start: number;
  readonly end: number;
  readonly isError: boolean;
}

export interface OtlpReceiver {
  readonly url: string;
  /** What has come, in the order of arrival. */
  readonly spans: readonly ReceivedSpan[];
  /** The types of the bodies that have come. */
  readonly contentTypes: ReadonlySet<string | undefined>;
}

/** A collector of OTLP over HTTP in JSON, `POST /v1/traces`; it ends with the test. */
export async function otlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const contentTypes = new Set<string | undefined>();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const isTraces = request.method === 'POST' && request.url === '/v1/traces';
      contentTypes.add(request.headers['content-type']);
      if (isTraces) spans.push(...decode(JSON.parse(body) as TraceRequest));
      response.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, contentTypes };
}

function decode({ resourceSpans }: TraceRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ attributes, startTimeUnixNano, endTimeUnixNano, status, ...span }) => ({
        ...span,
        service: valuesOf(resource.attributes)['service.name'],
        attributes: valuesOf(attributes),
        start: milliseconds(startTimeUnixNano),
        end: milliseconds(endTimeUnixNano),
        isError: status.code === 2,
      })),
    ),
  );
}

function milliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000_000n);
}

function valuesOf(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain({ intValue, ...others }: AnyValue): unknown {
  return intValue === undefined ? Object.values(others)[0] : Number(intValue);
}
