import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../../src/pipeline/sweep/artifacts/open.ts';
import { S3Store } from '../../../../src/pipeline/sweep/artifacts/s3.ts';
import { FolderStore } from '../../../../src/pipeline/sweep/artifacts/store.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { checkStore } from './contract.ts';

it('a folder is an artifact store', () => checkStore(new FolderStore(temporaryFolder())));

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** A server that answers as it is told. */
async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer(request, response, Buffer.concat(parts)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const storeAt = (endpoint: string, address = 's3://bucket/some/prefix/'): S3Store =>
  new S3Store(
    address,
    { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_ENDPOINT_URL: endpoint },
    1,
  );

const refusal = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>why</Message></Error>`;

/** A bucket in memory, which lists two keys at a time. */
function bucket(): Answer {
  const objects = new Map<string, Buffer>();
  return ({ url, method, headers }, response, body) => {
    const { pathname, searchParams } = new URL(url!, 'http://host');
    const key = decodeURIComponent(pathname.replace(/^\/bucket\//, ''));
    if (!headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=id/')) response.writeHead(403).end();
    else if (method === 'PUT') {
      objects.set(key, body);
      response.end();
    } else if (method === 'DELETE') {
      objects.delete(key);
      response.writeHead(204).end();
    } else if (searchParams.has('list-type')) {
      const found = [...objects.keys()]
        .filter((each) => each.startsWith(searchParams.get('prefix')!))
        .toSorted();
      const from = Number(searchParams.get('continuation-token') ?? 0);
      const page = found
        .slice(from, from + 2)
        .map((each) => `<Contents><Key>${encodeURIComponent(each)}</Key></Contents>`);
      const next =
        from + 2 < found.length ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : '';
      response.end(
        `<ListBucketResult><EncodingType>url</EncodingType>${page.join('')}${next}</ListBucketResult>`,
      );
    } else if (objects.has(key)) response.end(objects.get(key));
    else response.writeHead(404).end(refusal('NoSuchKey'));
  };
}

describe('storage with the S3 protocol', () => {
  it('is an artifact store', async () => {
    await checkStore(storeAt(await serve(bucket())));
    await checkStore(storeAt(await serve(bucket()), 's3://bucket'));
  });

  it('is asked again after what may pass: a busy server, a broken connection, a torn answer', async () => {
    const inner = bucket();
    let requests = 0;
    const faults: Answer[] = [
      (_, response) => void response.writeHead(503).end(refusal('SlowDown')),
      (_, response) => void response.destroy(),
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('half');
        setImmediate(() => response.destroy());
      },
      (_, response) => void response.writeHead(429).end(),
      (_, response) => void response.writeHead(500).end(),
    ];
    const store = storeAt(await serve((...given) => (faults[requests++ % 6] ?? inner)(...given)));
    await store.put('a', Buffer.from('whole'));
    expect(Buffer.from((await store.get('a'))!).toString()).toBe('whole');
    expect(await store.list('')).toEqual(['a']);
    await store.remove('a');
    expect(await store.get('a')).toBeUndefined();
    expect(requests).toBe(30);
  });

  it.each([
    [404, 'NoSuchBucket', 1],
    [403, 'SignatureDoesNotMatch', 1],
    [403, 'InvalidAccessKeyId', 1],
    [503, 'SlowDown', 6],
    [400, 'RequestTimeout', 6],
  ])('says what is wrong with status %i %s, after %i attempts', async (status, code, attempts) => {
    let requests = 0;
    const store = storeAt(
      await serve((_, response) => {
        requests++;
        response.writeHead(status).end(refusal(code));
      }),
    );
    for (const action of [
      () => store.get('a'),
      () => store.put('a', Buffer.from('x')),
      () => store.list('a/'),
      () => store.remove('a'),
    ]) {
      requests = 0;
      await expect(action()).rejects.toThrow(`status ${status} ${code}: why\nAWS_ACCESS_KEY_ID`);
      expect(requests).toBe(attempts);
    }
  });

  it('shows no control characters of a server', async () => {
    const store = storeAt(await serve((_, response) => response.writeHead(403).end(refusal('\x1b[2J\r\nX'))));
    await expect(store.get('a')).rejects.toThrow('GET fails: status 403  [2J X: why\n');
  });

  it('says where no server answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await expect(storeAt(`http://127.0.0.1:${port}`).get('a')).rejects.toThrow(
      /s3:\/\/bucket\/some\/prefix: GET fails: .*ECONNREFUSED/,
    );
  });

  it('takes an address and a key', () => {
    expect(() => new S3Store('s3://bucket', {})).toThrow('s3://bucket: there is no key\nAWS_ACCESS_KEY_ID');
    for (const address of [
      's3:',
      's3://',
      's3://B',
      's3:/bucket',
      's3://../x',
      's3://bucket/../other',
      's3://bucket/a/./b',
    ]) {
      expect(() => openStore(address)).toThrow('a store takes s3://bucket/prefix');
    }
    expect(() => storeAt('nowhere')).toThrow(
      'AWS_ENDPOINT_URL takes http://host:port or https://host:port, got nowhere',
    );
    for (const endpoint of ['localhost:9000', 'ftp://host', 'http://host?x=1', 'http://host/#x']) {
      expect(() => storeAt(endpoint)).toThrow(`AWS_ENDPOINT_URL takes http://host:port`);
    }
    expect(() => storeAt('http://id:secret@host')).toThrow(/got http:\/\/…@host$/);
    expect(storeAt('').name).toBe('s3://bucket/some/prefix');
    expect(openStore('folder')).toBeInstanceOf(FolderStore);
  });

  it.each([
    ['a listing', 200, (store: S3Store) => store.list('a/')],
    ['a refusal', 403, (store: S3Store) => store.get('a')],
  ])('%s without an end is not received', async (_, status, ask) => {
    let asked = 0;
    const endpoint = await serve((_request, response) => {
      asked++;
      response.writeHead(status);
      const part = Buffer.alloc(2 ** 20, ' ');
      const send = (): void => {
        if (!response.closed) response.write(part, () => setImmediate(send));
      };
      send();
    });
    await expect(ask(storeAt(endpoint))).rejects.toThrow('the answer is longer than 16777216 bytes');
    expect(asked).toBe(1);
  });

  describe('lists', () => {
    const listing = (inner: string): string => `<ListBucketResult>${inner}</ListBucketResult>`;
    /** Answers with one page after the other; the last is repeated. */
    const pages = async (...xml: string[]): Promise<{ store: S3Store; asked: (string | null)[] }> => {
      const asked: (string | null)[] = [];
      const endpoint = await serve(({ url }, response) => {
        asked.push(new URL(url!, 'http://host').searchParams.get('continuation-token'));
        response.end(xml[Math.min(asked.length, xml.length) - 1]);
      });
      return { store: storeAt(endpoint), asked };
    };

    it('keys and tokens as the XML means them', async () => {
      const { store, asked } = await pages(
        listing(
          '<Key>some/prefix/a/1%&amp;&lt;+&#x7a;&#33;</Key><NextContinuationToken>x&amp;y&#43;=</NextContinuationToken>',
        ),
        listing('<EncodingType>url</EncodingType><Key>some/prefix/a/2%25+%C3%A9</Key>'),
      );
      expect(await store.list('a/')).toEqual(['a/1%&<+z!', 'a/2% é']);
      expect(asked).toEqual([null, 'x&y+=']);
    });

    it('only what it was asked for', async () => {
      const { store } = await pages(
        listing('<Key>some/prefix/a/1</Key><Key>other</Key><Key>some/prefix/b</Key>'),
      );
      expect(await store.list('a/')).toEqual(['a/1']);
    });

    it.each([
      ['an endless one', listing('<NextContinuationToken>same</NextContinuationToken>'), 'has no end'],
      ['a page of another kind', '<html>sign in</html>', 'is no listing'],
      ['a cut one without a token', listing('<IsTruncated>true</IsTruncated>'), 'is no listing'],
      [
        'a key of no characters',
        listing('<EncodingType>url</EncodingType><Key>some/prefix/a/%zz</Key>'),
        'is no listing',
      ],
      ['a number of no character', listing('<Key>some/prefix/a/&#x110000;</Key>'), 'is no listing'],
    ])('with an error for %s', async (_, xml, message) => {
      const { store } = await pages(xml);
      await expect(store.list('a/')).rejects.toThrow(message);
    });
  });

  it.each([301, 302, 303, 307, 308])('takes no other page for an answer, with status %i', async (status) => {
    const store = storeAt(
      await serve(({ url }, response) => {
        if (url === '/login') response.end('sign in');
        else response.writeHead(status, { location: '/login' }).end();
      }),
    );
    await expect(store.get('a')).rejects.toThrow(`status ${status}  (redirects to /login)`);
    await expect(store.put('a', Buffer.from('x'))).rejects.toThrow(`status ${status} `);
  });

  it('sends no key that leads out of the bucket', async () => {
    const store = storeAt(await serve(bucket()));
    await expect(async () => store.remove('a/../../../other/x')).rejects.toThrow('leads out of the store');
  });
});
