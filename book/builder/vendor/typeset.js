// Formulas in, HTML with MathML out: JSON on standard input, [[TeX, on a line of its own?, MathML alone?], …], and on
// standard output, [{html} or {error}, …]. The argument is the folder of KaTeX.
const katex = require(require("path").resolve(process.argv[2]));
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
const results = formulas.map(([tex, displayMode, alone]) => {
  try {
    return { html: katex.renderToString(tex, { displayMode, strict: "error", output: alone ? "mathml" : "htmlAndMathml" }) };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(results));
