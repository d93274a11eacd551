import { readFile } from 'node:fs/promises';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import type { App } from './app.ts';

const ICON = new URL('../page/static/icon.svg', import.meta.url);

/** Swagger UI sets inline styles. The service provides everything that it loads. */
const DOCUMENTATION_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Adds validation by the schemas, and `/docs` and `/docs/json`, which describe them. */
export async function addOpenApi(app: App, withKey: boolean): Promise<void> {
  app.setValidatorCompiler(({ schema, ...rest }) =>
    // Bodies other than JSON are checked where they are read.
    schema instanceof z.ZodType
      ? validatorCompiler({ schema, ...rest })
      : (value) => ({ value: value as unknown }),
  );
  app.setSerializerCompiler(serializerCompiler);
  const mayLackBody = new Set<string>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'wgrad prediction service',
        description: 'Classifies pictures of clothing with a model of the registry.',
        version: '1',
      },
      ...(withKey && {
        components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
        security: [{ key: [] }],
      }),
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      const { openapiObject } = document;
      // Swagger's plugin requires every body.
      for (const path of mayLackBody)
        Object.assign(openapiObject.paths![path]!.post!.requestBody!, { required: false });
      return openapiObject;
    },
    transform: (route) => {
      const { schema, ...rest } = route;
      // A route without summary does not belong to the API: the page's files, the documentation itself.
      const { body, ...others }: FastifySchema & { summary?: string } = { ...schema };
      const transformed = jsonSchemaTransform({
        schema: { ...others, hide: others.summary === undefined },
        ...rest,
      });
      if ((body as { required?: boolean } | undefined)?.required === false) mayLackBody.add(route.url);
      return body === undefined
        ? transformed
        : { ...transformed, schema: { ...transformed.schema, body: bodyOf(body) } };
    },
  });
  const icon = { type: 'image/svg+xml', content: await readFile(ICON) };
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCUMENTATION_POLICY,
    logo: { ...icon, href: '/', target: '_self' },
    theme: {
      title: 'wgrad prediction service',
      favicon: [{ filename: 'icon.svg', rel: 'icon', sizes: 'any', ...icon }],
    },
  });
}

/**
 * A body by content type, with zod schemas as JSON Schema. The transform above does this for everything except bodies.
 * Lists are described by their checked form, which zod calls the output.
 */
function bodyOf(body: unknown): unknown {
  const { content } = body as { content: Record<string, { schema: unknown }> };
  return {
    content: Object.fromEntries(
      Object.entries(content).map(([type, { schema }]) => [
        type,
        { schema: schema instanceof z.ZodType ? z.toJSONSchema(schema, { unrepresentable: 'any' }) : schema },
      ]),
    ),
  };
}
