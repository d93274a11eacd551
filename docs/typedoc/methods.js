/**
 * TypeDoc shows the methods that `src/ops/methods.ts` puts on Tensor as properties of a mapped type, without their texts.
 * This makes methods of them: with the signatures and the docstrings of the functions, less the first parameter.
 */
import {
  Converter,
  DeclarationReflection,
  ParameterReflection,
  ReflectionFlag,
  ReflectionKind,
  ReflectionType,
  SignatureReflection,
} from 'typedoc';

/** What operations and optimizers need of a tensor, and nobody else. */
const LOW_LEVEL = ['alias', 'attach', 'offset', 'rebind', 'source', 'storage', 'view'];

export function load(app) {
  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    ({ project }) => {
      const tensor = project.getChildByName('Tensor');
      // Only what the library is made of.
      delete tensor.extendedTypes;
      delete tensor.implementedTypes;
      for (const child of [...tensor.children]) {
        if (child.kindOf(ReflectionKind.Constructor) || LOW_LEVEL.includes(child.name)) {
          project.removeReflection(child);
          continue;
        }
        if (!child.kindOf(ReflectionKind.Property) || !(child.type instanceof ReflectionType)) continue;
        const operation = project.getChildByName(child.name);
        if (!operation?.signatures)
          throw new Error(`Tensor.${child.name}: no exported function of that name`);
        project.removeReflection(child);
        tensor.addChild(methodOf(project, tensor, operation));
      }
    },
    1000,
  );
}

function methodOf(project, tensor, operation) {
  const method = new DeclarationReflection(operation.name, ReflectionKind.Method, tensor);
  project.registerReflection(method, undefined, undefined);
  method.sources = operation.sources;
  method.signatures = operation.signatures.map((of) => {
    const signature = new SignatureReflection(of.name, ReflectionKind.CallSignature, method);
    project.registerReflection(signature, undefined, undefined);
    const [self, ...parameters] = of.parameters;
    signature.comment = of.comment?.clone();
    if (signature.comment) {
      signature.comment.blockTags = signature.comment.blockTags.filter(
        ({ name }) => name !== self.name && !name?.includes('.'),
      );
    }
    signature.sources = of.sources;
    signature.type = of.type;
    signature.parameters = parameters.map((of) => {
      const parameter = new ParameterReflection(of.name, ReflectionKind.Parameter, signature);
      project.registerReflection(parameter, undefined, undefined);
      parameter.type = of.type;
      parameter.defaultValue = of.defaultValue;
      if (of.flags.isOptional) parameter.setFlag(ReflectionFlag.Optional, true);
      if (of.flags.isRest) parameter.setFlag(ReflectionFlag.Rest, true);
      return parameter;
    });
    return signature;
  });
  return method;
}
