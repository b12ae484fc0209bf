// Prints every string of the sources that is to be translated, as JSON. It fails at what cannot be found when it runs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Where each function takes the context, the text and its plural. */
const PLACES = {
  __: { text: 0 },
  gettext: { text: 0 },
  _n: { text: 0, plural: 1 },
  ngettext: { text: 0, plural: 1 },
  _p: { context: 0, text: 1 },
  pgettext: { context: 0, text: 1 },
  _np: { context: 0, text: 1, plural: 2 },
  npgettext: { context: 0, text: 1, plural: 2 }
};
const BUNDLES = ['trans', '_trans'];

const found = [];
const problems = [];

/** The text of a literal, also of one that is broken into parts; null for anything else. */
function literal(node) {
  if (node && ts.isStringLiteralLike(node)) {
    return node.text;
  }
  if (node && ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [literal(node.left), literal(node.right)];
    return left === null || right === null ? null : left + right;
  }
  return null;
}

function nameOf(node) {
  return ts.isPropertyAccessExpression(node) ? node.name.text : ts.isIdentifier(node) ? node.text : '';
}

function visit(node, source) {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const places = PLACES[node.expression.name.text];
    if (places && BUNDLES.includes(nameOf(node.expression.expression))) {
      take(node, places, source);
    }
  }
  ts.forEachChild(node, child => visit(child, source));
}

function take(node, places, source) {
  const string = { context: null, text: null, plural: null };
  for (const [name, place] of Object.entries(places)) {
    string[name] = literal(node.arguments[place]);
    if (string[name] === null) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      problems.push(`${source.fileName}:${line + 1}: ${node.getText()}: the ${name} is no literal`);
      return;
    }
  }
  found.push(string);
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== '__tests__') {
        yield* sources(path);
      }
    } else if (/\.tsx?$/.test(entry.name)) {
      yield path;
    }
  }
}

for (const path of sources('src')) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf-8'), ts.ScriptTarget.Latest, true);
  visit(source, source);
}
if (problems.length > 0) {
  process.stderr.write(problems.join('\n') + '\n');
  process.exitCode = 1;
} else {
  process.stdout.write(JSON.stringify(found));
}
