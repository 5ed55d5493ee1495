// What @grafana/data needs from a browser when it is loaded, and Node.js lacks. Import it first.
const browser = {
  window: { addEventListener: () => undefined },
  navigator: { language: 'en-GB', languages: ['en-GB'] },
};
for (const [name, value] of Object.entries(browser)) {
  if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
}
