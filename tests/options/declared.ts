// The options that functions and classes declare, read from the source: those of an object at the end, and optional
// arguments that stand in order.

import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** What a function or a constructor can be told beyond its operands. */
export interface Declared {
  /** The names of all arguments in order, as far as they stand in order. */
  order: string[];
  /** Those that may be left out, in order or in an object, and the words that each may be. */
  options: Map<string, Set<string>>;
}

const root = new URL('../../src/', import.meta.url);
const folders = ['ops/', 'ops/support/', 'nn/', 'optim/', 'optim/lrScheduler/', 'tensor/'];

/** How to make a tensor says nothing about what it is used for, and lists of sizes or parameters are no options. */
const OPAQUE = new Set(['CreateOptions', 'RandomOptions', 'OptimizerParameters', 'Numbers', 'Backend']);

const sources = folders.flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const text = readFileSync(new URL(folder + file, root), 'utf8');
      return ts.createSourceFile(folder + file, text, ts.ScriptTarget.Latest, true);
    }),
);

const types = new Map<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration>();
const functions = new Map<string, ts.FunctionDeclaration>();
const classes = new Map<string, ts.ClassDeclaration>();
for (const statement of sources.flatMap(({ statements }) => [...statements])) {
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    types.set(statement.name.text, statement);
  else if (ts.isFunctionDeclaration(statement) && statement.name && statement.body) {
    // Operations come first; a helper may have the name of one.
    if (!functions.has(statement.name.text)) functions.set(statement.name.text, statement);
  } else if (ts.isClassDeclaration(statement) && statement.name) classes.set(statement.name.text, statement);
}

/** The properties of the object types among the alternatives of a type. */
function propertiesOf(
  type: ts.Node | undefined,
  found: Declared['options'] = new Map(),
): Declared['options'] {
  if (!type) return found;
  if (ts.isTypeReferenceNode(type) || ts.isExpressionWithTypeArguments(type)) {
    const name = ts.isTypeReferenceNode(type) ? type.typeName.getText() : type.expression.getText();
    const declaration = types.get(name);
    if (name === 'Omit') {
      const [from, names] = type.typeArguments!;
      for (const [each, words] of propertiesOf(from)) {
        if (!names!.getText().includes(`'${each}'`)) found.set(each, words);
      }
    } else if (OPAQUE.has(name)) return found;
    else if (declaration && ts.isInterfaceDeclaration(declaration)) {
      for (const member of declaration.members) addName(member, found);
      for (const clause of declaration.heritageClauses ?? [])
        clause.types.forEach((each) => propertiesOf(each, found));
    } else {
      propertiesOf(declaration?.type, found);
      type.typeArguments?.forEach((each) => propertiesOf(each, found));
    }
  } else if (ts.isTypeLiteralNode(type)) type.members.forEach((member) => addName(member, found));
  else if (!ts.isFunctionTypeNode(type)) type.forEachChild((child) => void propertiesOf(child, found));
  return found;
}

function addName(member: ts.TypeElement, found: Declared['options']): void {
  if (ts.isPropertySignature(member)) found.set(member.name.getText(), wordsOf(member.type));
}

/** The string literals among the alternatives of a type. */
function wordsOf(type: ts.Node | undefined, found: Set<string> = new Set()): Set<string> {
  if (!type) return found;
  if (ts.isStringLiteral(type)) found.add(type.text);
  const declaration = ts.isTypeReferenceNode(type) ? types.get(type.typeName.getText()) : undefined;
  if (declaration && ts.isTypeAliasDeclaration(declaration)) wordsOf(declaration.type, found);
  type.forEachChild((child) => void wordsOf(child, found));
  return found;
}

/** The alternatives of a rest parameter's type, as tuples. */
function tuplesOf(type: ts.Node | undefined): ts.TupleTypeNode[] {
  if (!type) return [];
  if (ts.isTupleTypeNode(type)) return [type];
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(tuplesOf);
  if (ts.isParenthesizedTypeNode(type)) return tuplesOf(type.type);
  const name = ts.isTypeReferenceNode(type) ? type.typeName.getText() : '';
  const alias = OPAQUE.has(name) ? undefined : types.get(name);
  return alias && ts.isTypeAliasDeclaration(alias) ? tuplesOf(alias.type) : [];
}

/** The type arguments of the alternatives of a type. */
function argumentsOf(type: ts.TypeNode | undefined): ts.TypeNode[] {
  if (!type) return [];
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(argumentsOf);
  return ts.isTypeReferenceNode(type) ? [...(type.typeArguments ?? [])] : [];
}

function declaredBy(parameters: readonly ts.ParameterDeclaration[]): Declared {
  const declared: Declared = { order: [], options: new Map() };
  const take = (name: string, optional: boolean, type: ts.Node | undefined): void => {
    const properties = propertiesOf(type);
    for (const [each, words] of properties) declared.options.set(each, words);
    if (properties.size > 0 || name === 'options') return;
    if (!declared.order.includes(name)) declared.order.push(name);
    if (optional) declared.options.set(name, wordsOf(type));
  };
  for (const parameter of parameters) {
    const tuples = parameter.dotDotDotToken ? tuplesOf(parameter.type) : [];
    // An alias of tuples may be told the options: Rest<Options>.
    if (parameter.dotDotDotToken) for (const each of argumentsOf(parameter.type)) take('options', true, each);
    for (const element of tuples.flatMap(({ elements }) => [...elements])) {
      if (ts.isNamedTupleMember(element)) take(element.name.text, true, element.type);
      else propertiesOf(element, declared.options);
    }
    if (parameter.dotDotDotToken) continue;
    const optional = parameter.questionToken !== undefined || parameter.initializer !== undefined;
    take(parameter.name.getText(), optional, parameter.type);
  }
  return declared;
}

/** What an exported function declares. Some have another name in their file, because theirs is a keyword. */
export function ofFunction(name: string): Declared {
  const found = functions.get(name === 'var' ? 'variance' : name);
  if (!found) throw new Error(`no function ${name} in ${folders.join(', ')}`);
  return declaredBy(found.parameters);
}

/** What the constructor of a class declares, or of the class that it extends. */
export function ofClass(name: string): Declared {
  const found = classes.get(name);
  if (!found) throw new Error(`no class ${name} in ${folders.join(', ')}`);
  const made = found.members.find((member) => ts.isConstructorDeclaration(member));
  if (made) return declaredBy(made.parameters);
  const [base] = found.heritageClauses?.flatMap(({ types: bases }) => [...bases]) ?? [];
  return base && classes.has(base.expression.getText())
    ? ofClass(base.expression.getText())
    : { order: [], options: new Map() };
}
