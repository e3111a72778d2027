// What the app's modules take from a page, for the tests that give it to them: unit tests are compiled without a DOM.
/// <reference types="svelte" />

declare const document: {
  readonly baseURI: string;
  readonly hidden: boolean;
  addEventListener(type: string, listener: () => void): void;
};
