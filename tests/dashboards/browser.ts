// What @grafana/data asks of a browser when it is loaded, and Node.js does not have. To be imported before it.
const browser = {
  window: { addEventListener: () => undefined },
  navigator: { language: 'en-GB', languages: ['en-GB'] },
};
for (const [name, value] of Object.entries(browser)) {
  if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
}
