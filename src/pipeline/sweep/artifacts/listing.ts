/** A page of a listing of a bucket. */
export interface ListingPage {
  readonly keys: readonly string[];
  /** The token of the next page; undefined after the last. */
  readonly next: string | undefined;
}

/** Reads the XML of a listing; undefined where it is none, or one that says there is more and not where. */
export function parsePage(xml: string): ListingPage | undefined {
  if (!xml.includes('<ListBucketResult')) return undefined;
  const isEncoded = /<EncodingType>url</.test(xml);
  const token = /<NextContinuationToken>([^<]+)</.exec(xml)?.[1];
  if (token === undefined && /<IsTruncated>true</.test(xml)) return undefined;
  try {
    const keys = [...xml.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, written]) => {
      const key = unescapeXml(written!);
      return isEncoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
    });
    return { keys, next: token === undefined ? undefined : unescapeXml(token) };
  } catch (error) {
    // A percent sign without digits, or a number that is no character.
    if (error instanceof URIError || error instanceof RangeError) return undefined;
    throw error;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(lt|gt|amp|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name as string] ?? whole;
    return String.fromCodePoint(decimal === undefined ? parseInt(hex as string, 16) : Number(decimal));
  });
}
