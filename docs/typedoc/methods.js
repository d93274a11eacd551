/**
 * TypeDoc shows the methods that `src/ops/methods.ts` puts on Tensor as properties of a mapped type, without their texts.
 * This makes methods of them: with the signatures and the docstrings of the functions, less the first parameter.
 *
 * Optional arguments are declared as one rest parameter, because they can be given in order or by name. Docstrings describe
 * each of them. This makes one text of these, the text of the rest parameter.
 */
import {
  CommentTag,
  Converter,
  DeclarationReflection,
  ParameterReflection,
  ReflectionFlag,
  ReflectionKind,
  ReflectionType,
  SignatureReflection,
} from 'typedoc';

/** What operations and optimizers need of a tensor, and nobody else. */
const LOW_LEVEL = [
  'alias',
  'attach',
  'handle',
  'leaf',
  'offset',
  'rebind',
  'serial',
  'source',
  'storage',
  'withLayout',
];

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
      const parameter = project.getChildByName('nn.Parameter');
      for (const child of [...parameter.children]) {
        if (!child.kindOf(ReflectionKind.Constructor)) project.removeReflection(child);
      }
      project.getReflectionsByKind(ReflectionKind.SomeSignature).forEach(gatherOptional);
    },
    1000,
  );
}

/** Joins the texts of arguments that are not parameters to the text of the rest parameter. */
function gatherOptional({ comment, parameters = [] }) {
  const rest = parameters.find(({ flags }) => flags.isRest);
  if (!comment || !rest) return;
  const isOptional = ({ tag, name }) =>
    tag === '@param' && name && !parameters.some((each) => each.name === name.split('.')[0]);
  const texts = comment.blockTags.filter(isOptional);
  if (texts.length === 0) return;
  comment.blockTags = comment.blockTags.filter((each) => !isOptional(each));
  const all = new CommentTag('@param', []);
  all.name = rest.name;
  for (const { name, content } of texts) {
    const separator = all.content.length > 0 ? '; ' : '';
    all.content.push({ kind: 'text', text: `${separator}\`${name.replace(/^.*\./, '')}\`: ` }, ...content);
  }
  const present = comment.blockTags.find(({ tag, name }) => tag === '@param' && name === rest.name);
  if (present) present.content.push({ kind: 'text', text: '; ' }, ...all.content);
  else comment.blockTags.push(all);
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
