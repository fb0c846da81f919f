// A real browser, headless, with the pages of infra/web. What they load from esm.sh comes from node_modules, of the same version.
import { createServer } from "node:http";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const PAGES = fileURLToPath(new URL("../../infra/web/", import.meta.url));
const MODULES = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const TYPES = { ".html": "text/html", ".css": "text/css", ".mjs": "text/javascript", ".js": "text/javascript" };
const PINS = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).devDependencies;

/** Starts a browser. `open(path, setUp)` opens a page in a profile of its own; `stop` ends all. */
export async function startBrowser(...args) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const unpacked = await unpack();
  // Containers allow no sandbox, and have little shared memory.
  const own = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  const browser = await puppeteer.launch({ ...unpacked, args: [...own, ...args], headless: "shell" });
  const open = async (path, setUp) => {
    const context = await browser.createBrowserContext();
    await context.overridePermissions(origin, ["camera"]);
    const page = await context.newPage();
    await page.setRequestInterception(true);
    page.on("request", (request) => redirect(request, origin));
    const faults = [];
    page.on("pageerror", (error) => faults.push(error));
    await setUp(page);
    await page.goto(`${origin}/${path}`);
    return { page, faults };
  };
  const stop = async () => {
    await browser.close();
    server.close();
  };
  return { open, stop };
}

/** Unpacks the browser, its libraries and its fonts into a folder of its version, once. */
async function unpack() {
  const folder = fileURLToPath(new URL(`../../target/browser/${PINS["@sparticuz/chromium"]}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const outside = { ...process.env };
  // The package unpacks where temporary files are, and brings libraries only to Lambda.
  Object.assign(process.env, { TMPDIR: folder, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" });
  const { default: chromium } = await import("@sparticuz/chromium");
  const executablePath = await chromium.executablePath();
  Object.keys(process.env).forEach((name) => name in outside || delete process.env[name]);
  Object.assign(process.env, outside);
  const [fonts, cache] = [join(folder, "fonts"), join(folder, "fonts-cache")];
  const configuration = join(folder, "fonts.conf");
  writeFileSync(configuration, `<fontconfig><dir>${fonts}</dir><cachedir>${cache}</cachedir></fontconfig>\n`);
  const env = { ...outside, LD_LIBRARY_PATH: join(folder, "al2023/lib"), FONTCONFIG_FILE: configuration };
  return { executablePath, env };
}

/** `https://esm.sh/<package>@<version>/<path>` is the package's export of that path. */
function redirect(request, origin) {
  const match = /^https:\/\/esm\.sh\/([^@]+)@([^/]+)(.*)$/.exec(request.url());
  if (!match) return request.continue();
  const [, name, version, path] = match;
  if (PINS[name] !== version) return request.respond({ status: 404, body: `package.json has ${name} ${PINS[name]}` });
  const location = `${origin}/${resolveBare(name + path, MODULES).slice(MODULES.length - "node_modules/".length)}`;
  return request.respond({ status: 302, headers: { location, "access-control-allow-origin": "*" } });
}

function answer(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  const isModule = pathname.startsWith("/node_modules/");
  const file = isModule ? join(MODULES, "..", pathname) : join(PAGES, pathname);
  try {
    const text = readFileSync(file, "utf8");
    response.setHeader("content-type", TYPES[extname(file)]);
    response.setHeader("access-control-allow-origin", "*");
    response.end(isModule ? withPaths(text, file) : text);
  } catch {
    response.writeHead(404).end();
  }
}

/** Imports by name, of other packages, as paths: what a server like esm.sh does. */
function withPaths(text, file) {
  const head = String.raw`^(?:import|export)\b[^;"']*?\bfrom\s*|^import\s*|\bimport\(\s*`;
  return text.replace(new RegExp(`(${head})(["'])([^./"'][^"']*)\\2`, "gm"), (_, head, quote, name) => {
    const path = resolveBare(name, dirname(file)).slice(MODULES.length - "/node_modules/".length);
    return `${head}${quote}${path}${quote}`;
  });
}

/** File of a package's export, as Node finds it for `import`. */
function resolveBare(specifier, from) {
  const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier);
  for (let folder = from; ; folder = dirname(folder)) {
    const home = join(folder, ...(folder.endsWith("node_modules") || folder === MODULES ? [] : ["node_modules"]), name);
    let about;
    try {
      about = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
    } catch (error) {
      if (folder === dirname(folder)) throw error;
      continue;
    }
    return join(home, choose(about.exports[`.${rest}`]));
  }
}

function choose(target) {
  if (typeof target === "string") return target;
  const condition = ["browser", "import", "module", "default"].find((name) => target[name]);
  return choose(target[condition]);
}
