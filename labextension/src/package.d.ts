declare module '*/package.json' {
  const facts: { version: string };
  export default facts;
}
