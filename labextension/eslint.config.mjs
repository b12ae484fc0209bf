import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

/** Imports run one way: types ← request ← api ← model ← components ← plugins ← index. */
const LAYERS = ['types', 'request', 'api', 'model', 'tokens', 'components', 'plugins', 'index'];

/** A component is a function of its props: it may know the words of the model, never the server. */
const NOT_FOR_COMPONENTS = ['request', 'api'];

function restrict(layer, above) {
  const group = above.flatMap(name => [`**/${name}`, `**/${name}/**`]);
  return {
    files: [`src/${layer}.ts`, `src/${layer}/**`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group, message: `not from ${layer}: imports run one way` }] }
      ]
    }
  };
}

const layers = LAYERS.slice(0, -1).map((layer, place) => {
  const above = LAYERS.slice(place + 1);
  return restrict(layer, layer === 'components' ? [...above, ...NOT_FOR_COMPONENTS] : above);
});

export default ts.config(
  { ignores: ['lib', 'node_modules', '**/*.js', '**/*.mjs'] },
  js.configs.recommended,
  ...ts.configs.strict,
  hooks.configs['recommended-latest'],
  {
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'interface', format: ['PascalCase'], custom: { regex: '^I[A-Z]', match: true } }
      ]
    }
  },
  ...layers
);
