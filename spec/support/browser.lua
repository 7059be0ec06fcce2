--- A headless Chromium that looks at a page, for specs.

local cjson = require "cjson"
local process = require "spec.support.process"

local browser = {}

local NAMES = { "chromium", "chromium-browser", "google-chrome" }

-- It asks nobody anything; `--no-sandbox` is for root, and the page is ours.
local FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
  .. "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars"

local function find()
  for _, name in ipairs(NAMES) do
    if os.execute(("command -v %s >/dev/null 2>&1"):format(name)) then return name end
  end
  return nil
end

--- Why there is no browser, or nil.
function browser.missing()
  return not find() and "needs chromium: sh scripts/setup.sh browser" or nil
end

-- The page stands in frames of the widths that are asked for: windows have a
-- least width.
local FRAME = [[
<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>body { margin: 0 } iframe { border: 0; height: 900px; display: block }</style>
<pre></pre>
<script>
var results = [], widths = %s, html = %s;
function look(page, view) { %s }
widths.forEach(function (width, i) {
  var frame = document.createElement("iframe");
  frame.style.width = width + "px";
  frame.srcdoc = html;
  frame.onload = function () {
    try {
      results[i] = look(frame.contentDocument, frame.contentWindow);
    } catch (problem) {
      results[i] = { problem: String(problem) };
    }
    document.querySelector("pre").textContent = "result " + encodeURIComponent(JSON.stringify(results)) + " end";
  };
  document.body.appendChild(frame);
});
</script>
]]

local function make_folder()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir -m 700 " .. path))
  return path
end

--- Opens a page, the text of it, and runs a script in it: the body of a
-- function of the document and the window. What that returns, decoded; one
-- for each width.
-- @tparam string html
-- @tparam string script
-- @tparam[opt] table options `widths`, an array of CSS pixels ({ 1200 });
--   `dark`
function browser.look(html, script, options)
  options = options or {}
  local widths = options.widths or { 1200 }
  local folder = make_folder()
  local file <close> = assert(io.open(folder .. "/frame.html", "w"))
  local text = cjson.encode(html):gsub("<", "\\u003c")
  file:write(FRAME:format(cjson.encode(widths), text, script))
  file:close()
  local command = ("timeout 120 %s %s --user-data-dir=%s/profile --window-size=1700,1000 "
    .. "--blink-settings=preferredColorScheme=%d --dump-dom file://%s/frame.html 2>&1"):format(
    find(), FLAGS, folder, options.dark and 0 or 1, folder)
  local pipe = assert(io.popen(command))
  local output = pipe:read "a"
  pipe:close()
  os.execute("rm -rf " .. process.quote(folder))
  local encoded = output:match "result (%S+) end</pre>"
  assert(encoded, "the browser said\n" .. output:sub(-2000))
  local results = cjson.decode((encoded:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end)))
  for i = 1, #widths do
    local result = results[i]
    assert(result ~= nil and result ~= cjson.null, "a frame has no result")
    assert(type(result) ~= "table" or not result.problem, type(result) == "table" and result.problem)
  end
  return table.unpack(results, 1, #widths)
end

return browser
