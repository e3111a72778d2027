// Nothing in here is about rullama but this: Vite must not bundle a package before the bundle, or its worker is not found.
export default {
  base: './',
  optimizeDeps: { exclude: ['rullama'] },
  worker: { format: 'es' },
};
