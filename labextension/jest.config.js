const esModules = [
  '@codemirror', '@jupyter', '@jupyterlab', '@lumino', '@microsoft', '@rjsf',
  'exenv-es6', 'lib0', 'nanoid', 'vscode-ws-jsonrpc', 'y-codemirror', 'y-protocols', 'y-websocket', 'yjs'
].join('|');

module.exports = {
  testEnvironment: 'jsdom',
  setupFiles: ['<rootDir>/jest.setup.js'],
  moduleNameMapper: { '\\.(css|svg)$': '<rootDir>/jest.nothing.js' },
  testMatch: ['<rootDir>/src/**/__tests__/*.spec.ts?(x)'],
  transform: { '^.+\\.[jt]sx?$': ['ts-jest', { tsconfig: 'tsconfig.test.json' }] },
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
