// What vega-interpreter imports by the name "vega-util": the parts of it that vega.min.js holds already.
export const { ascending, isString, DisallowedObjectProperties } = globalThis.vega;
