-- The documentation against the code: Lua blocks run as printed, each on a
-- sandbox of its own; shell blocks name what is there; tables are complete;
-- links lead somewhere.
--
-- A Lua block whose first line names a file that ends in _spec.lua is for
-- busted: testing_spec.lua runs it. One whose first line names a file below
-- /srv is for another program: hosts_spec.lua runs those of servers. One that
-- requires celigo is a program of its own. Any other finds what the README
-- promises: celigo, client, id, license_id. What stands
-- behind `-->` has to be printed, in this order; other lines may come
-- between.

local celigo = require "celigo"
local probe = require "tables_probe"
local missing = require "spec.support.missing"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local PRELUDE <const> = [[
local celigo = require "celigo"; local client <close> = celigo.new {}; ]]
  .. [[local id, license_id = "54fa0b38a7044f9252000036", "54fa0b38a7044f9253000001"; do ]]

-- Where loops.lua_ev is found, from any folder.
local EXAMPLES <const> = assert(os.getenv "PWD") .. "/examples/?.lua"

local read = require("spec.support.shell").read

local function exists(path)
  local file = io.open(path)
  return file and file:close() or false
end

local function list(command)
  local pipe <close> = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  return lines
end

-- The blocks of a page: { language, text, line }.
local function blocks_of(path)
  local blocks, block, number = {}, nil, 0
  for line in io.lines(path) do
    number = number + 1
    local fence = line:match "^```(%w*)"
    if fence and block then
      block.text = table.concat(block, "\n") .. "\n"
      blocks[#blocks + 1], block = block, nil
    elseif fence then
      block = { language = fence, line = number + 1 }
    elseif block then
      block[#block + 1] = line
    end
  end
  assert(not block, path .. ": a block has no end")
  return blocks
end

local function in_language(path, language)
  local found = {}
  for _, block in ipairs(blocks_of(path)) do
    local elsewhere = block.text:find "^%-%- [%w_]+_spec%.lua\n" or block.text:find "^%-%- /srv/"
    if block.language == language and not elsewhere then found[#found + 1] = block end
  end
  return found
end

-- Runs a shell command with a sandbox as the service: exit code, all output.
-- A block that names another service does not get there: its proxy is none.
local function run(command, folder)
  local service <close> = sandbox.start()
  local environment = "cd %s && env CELIGO_BASE_URL=%s CELIGO_API_TOKEN=%s "
    .. "https_proxy=http://127.0.0.1:1 LUA_PATH=%s LUA_CPATH=%s NO_COLOR=1 "
  environment = environment:format(folder or ".", service.url, service.token,
    process.quote(package.path .. ";" .. EXAMPLES), process.quote(package.cpath))
  local pipe = assert(io.popen(environment .. command .. " 2>&1"))
  local output = pipe:read "a"
  local _, _, code = pipe:close()
  return code, output
end

-- In a folder of its own: a block may write files.
local function run_lua(block)
  local own = block.text:find('require "celigo"', 1, true)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  local path = folder .. "/block.lua"
  local file <close> = assert(io.open(path, "w"))
  -- Line feeds before it: an error names the page's own line.
  file:write(("\n"):rep(block.line - 2), own and "\n" or PRELUDE .. "\n", block.text, own and "" or "end\n")
  file:close()
  local code, output = run(process.quote(process.lua()) .. " " .. path, folder)
  os.execute("rm -r " .. folder)
  return code, output
end

local function check_output(block, output)
  local lines, at = {}, 0
  for line in output:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  for expected in block.text:gmatch "%-%-> ([^\n]*)" do
    repeat at = at + 1 until at > #lines or lines[at] == expected
    assert(at <= #lines, ("%q is not printed (in this place); the output is\n%s"):format(expected, output))
  end
end

local pages = list "ls *.md docs/*.md .github/*.md .github/*/*.md 2>/dev/null"

local makefile = read "Makefile"

-- What the words of a shell command must be, by the first of them; true
-- where it was seen to.
local checks = {}

function checks.make(words)
  local target = words:match "^make%s+([%w-]+)"
  assert(target and ("\n" .. makefile):find("\n" .. target .. ":", 1, true), words)
end

function checks.luarocks()
  assert(exists "celigo-scm-1.rockspec")
end

checks["lua5.4"] = function(words)
  if words:find "serve" then return end -- has no end; sandbox_process_spec runs it
  local code, output = run((words:gsub("^lua5%.4", process.quote(process.lua()))))
  assert(code == 0 or code == 1, words .. "\n" .. output)
end

for _, name in ipairs { "cmake", "export", "openssl", "jq", "cd", "git", "cc", "apt-get", "build/embed/host" } do
  checks[name] = function() end
end

local function check_shell(text)
  for line in text:gsub("\\\n", " "):gmatch "[^\n]+" do
    local commands = line:gsub("%s+#.*$", "")
    for words in (commands .. " && "):gmatch "%s*(.-)%s+&& " do
      local name = words:match "^(%S+)"
      if name and name ~= "#" then
        assert(checks[name], "unknown command: " .. words)
        checks[name](words)
      end
    end
  end
end

describe("the documentation", function()
  for _, path in ipairs(pages) do
    for _, block in ipairs(in_language(path, "lua")) do
      it(("runs as printed: %s:%d"):format(path, block.line), function()
        local lacking = missing.in_code(block.text)
        if lacking then return pending(lacking) end
        local code, output = run_lua(block)
        assert.equal(0, code, output)
        check_output(block, output)
      end)
    end

    for _, block in ipairs(in_language(path, "sh")) do
      it(("names commands that are there: %s:%d"):format(path, block.line), function()
        local script = os.tmpname()
        local file <close> = assert(io.open(script, "w"))
        file:write(block.text)
        file:close()
        local good = os.execute("sh -n " .. script)
        os.remove(script)
        assert.is_true(good)
        check_shell(block.text)
      end)
    end

    for _, block in ipairs(in_language(path, "json")) do
      it(("shows valid JSON: %s:%d"):format(path, block.line), function()
        if celigo.json.decode(block.text) then return end
        for line in block.text:gmatch "[^\n]+" do assert(celigo.json.decode(line)) end -- a log
      end)
    end

    it("links to what is there: " .. path, function()
      local folder = path:match "^(.*/)" or ""
      for target in read(path):gmatch '<img src="([^"]+)"' do assert.truthy(exists(folder .. target), target) end
      for text, target in read(path):gmatch "%[([^%]\n]-)%]%(([^)\n]+)%)" do
        local file, anchor = target:match "^([^#]*)#?(.*)$"
        if not target:find "^https?://" then
          local there = file == "" and path or folder .. file
          assert.truthy(exists(there), ("[%s](%s)"):format(text, target))
          if anchor ~= "" then
            local found = false
            for heading in ("\n" .. read(there)):gmatch "\n#+ ([^\n]+)" do
              found = found or heading:lower():gsub("[^%w%s-]", ""):gsub("%s", "-") == anchor
            end
            assert.is_true(found, target)
          end
        end
      end
    end)
  end
end)

describe("the README", function()
  local text = read "README.md"

  -- The first cells of a table's rows, below a heading.
  local function first_cells(heading, page)
    local section = assert((page or text):match("\n## " .. heading .. "\n(.-)\n## "))
    local cells = {}
    for cell in section:gmatch "\n| ([^|]+) |" do cells[#cells + 1] = cell end
    table.remove(cells, 1)
    table.remove(cells, 1)
    return cells
  end

  it("lists every operation, with its ids, its method and its path", function()
    local seen = {}
    for line in text:gmatch "\n(| `[%w_]+%([^\n]+)" do
      local name, arguments, method, path = line:match "^| `([%w_]+)%(([^)]*)%)` | (%u+) (%S+) |"
      seen[name] = { arguments = arguments, method = method, path = path }
    end
    for _, row in ipairs(probe.operations()) do
      local shown = assert(seen[row.name], row.name)
      assert.equal(row.method, shown.method, row.name)
      local tail = row.path:match "}(.*)$"
      if tail and tail ~= "" then
        assert.equal(tail:gsub("{.-}", "{license_id}"), (shown.path:match "}(.*)$"), row.name)
      end
      assert.equal(row.ids >= 1, shown.arguments:find "^id" ~= nil, row.name)
      assert.equal(row.ids == 2, shown.arguments:find "license_id" ~= nil, row.name)
      assert.equal(row.body == "optional", shown.arguments:find "%[, body" ~= nil, row.name)
      seen[row.name] = nil
    end
    assert.is_nil(next(seen))
  end)

  it("leads to a list of every example", function()
    local shown = {}
    for _, cell in ipairs(first_cells("Examples", read "docs/automation.md")) do
      shown[#shown + 1] = "examples/" .. cell:match "`(.-)`"
    end
    table.sort(shown)
    local there = {}
    for _, path in ipairs(list "ls examples/*.lua") do
      if read(path):find("recipe.run", 1, true) and not path:find "/recipe" then there[#there + 1] = path end
    end
    table.sort(there)
    assert.same(there, shown)
  end)

  it("lists every kind of error", function()
    for _, kind in ipairs {
      "http", "network", "timeout", "decode", "limit", "validation", "pagination", "cancelled", "closed",
    } do
      assert.truthy(text:find("`" .. kind .. "`", 1, true), kind)
      assert.truthy(read("docs/errors.md"):find("`" .. kind .. "`", 1, true), kind)
    end
  end)

  it("names the version", function()
    assert.truthy(text:find(('`"%s"`'):format(celigo._VERSION), 1, true))
  end)
end)
