-- The reference as `make docs` builds it: LDoc warns of nothing, every page is
-- there, and every link on it leads to a page and to a place on it.

local probe = require "tables_probe"
local process = require "spec.support.process"
local reference = require "spec.support.reference"

if not os.execute "command -v ldoc >/dev/null" then
  describe("the built reference", function()
    it("is built", function() pending "LDoc is not installed" end)
  end)
  return
end

local function list(command)
  local pipe <close> = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  return lines
end

local folder = os.tmpname()
os.remove(folder)
local pipe = assert(io.popen(("sh scripts/docs.sh %s 2>&1"):format(process.quote(folder))))
local output = pipe:read "a"
local good = pipe:close()
local pages = {}
for _, name in ipairs(list("ls " .. process.quote(folder))) do
  local file <close> = assert(io.open(folder .. "/" .. name, "rb"))
  pages[name] = file:read "a"
end
os.execute("rm -rf " .. process.quote(folder))

describe("the built reference", function()
  it("is made without a warning", function()
    assert.is_true(good, output)
  end)

  it("has a page for each module and each document", function()
    for _, item in ipairs(reference.items()) do
      if item.kind == "module" then assert.is_truthy(pages[item.module .. ".html"], item.module) end
    end
    for _, path in ipairs(list "ls docs/*.md") do
      local name = path:match "([%w-]+)%.md$" .. ".html"
      assert.is_truthy(pages[name], name)
      assert.is_truthy(pages["index.html"]:find(('<li><a href="%s">'):format(name), 1, true), name)
    end
    for _, name in ipairs { "index", "records", "c-interface", "changelog", "contributing", "security" } do
      assert.is_truthy(pages[name .. ".html"], name)
    end
  end)

  it("has links that lead somewhere", function()
    local count = 0
    for name, text in pairs(pages) do
      for target in text:gmatch '[hs][rc][ec]f?="([^"]*)"' do
        if name:find "%.html$" and not target:find "^https?://" then
          local file, anchor = target:match "^([^#]*)#?(.*)$"
          local page = pages[file == "" and name or file]
          assert(page, name .. ": " .. target)
          assert(anchor == "" or page:find((' id="%s"'):format(anchor), 1, true), name .. ": " .. target)
          count = count + 1
        end
      end
    end
    assert.is_true(count > 500)
  end)

  it("has no anchor twice", function()
    for name, text in pairs(pages) do
      local seen = {}
      for anchor in text:gmatch ' id="([^"]*)"' do
        assert(not seen[anchor], name .. ": " .. anchor)
        seen[anchor] = true
      end
    end
  end)

  it("has methods as they are called", function()
    for _, row in ipairs(probe.operations()) do
      local heading = ('<h2 id="%s"><code>client:%s('):format(row.name, row.name)
      assert.is_truthy(pages["celigo.client.html"]:find(heading, 1, true), row.name)
    end
    assert.is_falsy(pages["celigo.client.html"]:find("celigo.client:", 1, true))
  end)

  it("has what stands in types.lua of records", function()
    for _, name in ipairs { "Connector", "ConnectorBody", "License", "LicenseBody", "Installation" } do
      assert.is_truthy(pages["records.html"]:find(('id="%s"'):format(name), 1, true), name)
    end
    assert.is_truthy(pages["records.html"]:find("<code>trialEndDate</code>", 1, true))
  end)

  it("has all of celigo.h", function()
    for _, name in ipairs { "luaopen_celigo", "celigo_options", "celigo_push_client", "celigo_version" } do
      assert.is_truthy(pages["c-interface.html"]:find(('id="%s"'):format(name), 1, true), name)
    end
  end)

  it("has a search that finds by words", function()
    if not os.execute "command -v node >/dev/null" then return pending "Node is not installed" end
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    assert(file:write(pages["search-index.js"], pages["search.js"]:match "function find.-\n}\n", [[
      for (const words of ["create_connector_license", "dns_failed", "trialEndDate", "CELIGO_API_TOKEN"])
        if (find(words).length === 0) console.log("nothing for " + words);
      console.log(find("push_connector_update")[0][3]);
    ]]))
    file:close()
    local found = list("node " .. path .. " 2>&1")
    os.remove(path)
    assert.same({ "celigo.client.html#push_connector_update" }, found)
  end)
end)
