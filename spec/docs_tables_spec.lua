-- The tables of README.md and docs/ against the code: the same names, methods,
-- paths, defaults, both ways.

local annotations = require "spec.support.annotations"
local pages = require "spec.support.pages"
local probe = require "tables_probe"

local read, table_rows, names_of = pages.read, pages.rows, pages.names

local function names_in(list)
  local names = {}
  for _, entry in ipairs(list) do names[entry.name] = true end
  return names
end

local operations = {}
for _, row in ipairs(probe.operations()) do operations[row.name] = row end

describe("README.md", function()
  it("has each operation, with its arguments", function()
    local rows = assert(table_rows("README.md", "method"))
    assert.same(names_in(probe.operations()), names_of(rows))
    for _, row in ipairs(rows) do
      local name, arguments = row[1]:match "^`([%w_]+)%((.*)%)`$"
      local operation = operations[name]
      local expected = { "id", "license_id" }
      local list = table.concat(expected, ", ", 1, operation.ids)
      if operation.body == "required" then
        list = list .. (list ~= "" and ", " or "") .. (name:find "license" and "license" or "connector") .. "[, opts]"
      elseif operation.body == "optional" then
        list = list .. "[, body[, opts]]"
      else
        list = list .. (list ~= "" and "[, opts]" or "[opts]")
      end
      assert.equal(list, arguments, name)
    end
  end)

  it("has each operation's method, path and result", function()
    local results = {
      list = { array = true },
      ["true"] = { ["true"] = true },
      record = { connector = true, license = true, object = true, ["true, or what the service sends"] = true },
    }
    for _, row in ipairs(assert(table_rows("README.md", "method"))) do
      local operation = operations[row[1]:match "^`([%w_]+)"]
      local method, path = row[2]:match "^(%u+) (%S+)$"
      assert.equal(operation.method, method, row[1])
      local full = operation.path:gsub("{_id}", "{id}"):gsub("{_licenseId}", "{license_id}")
      local tail = path:match "^…(.*)$"
      assert.equal(tail and full:sub(-#tail) or full, tail or path, row[1])
      assert.is_truthy(results[operation.answer][row[3]], row[1] .. ": " .. row[3])
    end
  end)

  it("has each option of celigo.new", function()
    local rows = assert(table_rows("README.md", "option"))
    assert.same(names_in(probe.client_options()), names_of(rows))
  end)

  it("has each per-call option", function()
    local text = read("README.md"):match "\nPer%-call options: (.-)%. "
    assert.is_truthy(text)
    local names = {}
    for name in text:gmatch "`([%w_]+)`" do names[name] = true end
    assert.same(names_in(probe.call_options()), names)
  end)

  it("has each kind of error", function()
    local types = annotations.read "lua/celigo/types.lua"
    local kinds = {}
    for _, kind in ipairs(types.aliases["celigo.ErrorKind"].literals) do kinds[kind] = true end
    assert.same(kinds, names_of(assert(table_rows("README.md", "`err.kind`"))))
  end)

  it("has each example that there is", function()
    local there = {}
    local listing <close> = assert(io.popen "ls examples/*.lua")
    for line in listing:lines() do
      there[line:match "([%w_]+)%.lua$"] = true
    end
    for name in pairs(names_of(assert(table_rows("docs/automation.md", "example")))) do
      assert.is_true(there[name], name)
    end
  end)
end)

describe("docs/", function()
  local types = annotations.read "lua/celigo/types.lua"

  it("has each field of an error", function()
    local fields = {}
    for name in pairs(types.classes["celigo.Error"].fields) do fields[name] = true end
    local told = names_of(assert(table_rows("docs/errors.md", "field")))
    fields.page, told.page = nil, nil -- of iterators
    assert.same(fields, told)
  end)

  it("has each type of event", function()
    local wanted = {}
    for _, name in ipairs(types.aliases["celigo.EventType"].literals) do wanted[name] = true end
    assert.same(wanted, names_of(assert(table_rows("docs/automation.md", "type"))))
  end)

  it("names no field of an event that there is not", function()
    local fields = types.classes["celigo.Event"].fields
    for _, row in ipairs(assert(table_rows("docs/automation.md", "type"))) do
      for name in (row[3] or ""):gmatch "`([%w_]+)`" do assert.is_truthy(fields[name], name) end
    end
  end)
end)

describe("CONTRIBUTING.md", function()
  it("says where things are", function()
    local found = 0
    for name, path in read("CONTRIBUTING.md"):gmatch "`([%w_]+)` %(`([%w_/.]+)`%)" do
      found = found + 1
      assert.truthy(read(path):find("%f[%w_]" .. name .. "%f[^%w_]"), path .. ": " .. name)
    end
    assert.is_true(found >= 3)
    for path in read("CONTRIBUTING.md"):gmatch "`([%l]+/[%w_/]+%.[%l]+)`" do
      assert.truthy(io.open(path), path)
    end
  end)

  it("names specs that there are", function()
    for name in read("CONTRIBUTING.md"):gmatch "`([%l_]+_spec)`" do
      assert.truthy(io.open("spec/" .. name .. ".lua"), name)
    end
  end)
end)

describe("docs/design.md", function()
  it("says in which file a function is", function()
    local found = 0
    for name, path in read("docs/design.md"):gmatch "`(cel_[%w_]+)` %(`([%w_/.]+)`%)" do
      found = found + 1
      assert.truthy(read("csrc/" .. path):find("%f[%w_]" .. name .. "%("), path .. ": " .. name)
    end
    assert.is_true(found >= 4)
  end)
end)

-- Every code that the sources give an error, and no other.
describe("docs/errors.md", function()
  local told = {} -- "kind code"
  for _, row in ipairs(assert(table_rows("docs/errors.md", "kind"))) do
    local kind = row[1]:match "^`(%l+)`$"
    for code in row[2]:gmatch "`([%w_]+)`" do
      local pair = kind .. " " .. code
      assert(not told[pair], pair .. " stands there twice")
      told[pair] = row
    end
  end

  it("has each code of the table of failures", function()
    local known = {}
    for kind, code in read("csrc/engine/failure.c"):gmatch '{%s*"(%l+)",%s*"([%w_]+)"' do
      known[kind .. " " .. code] = true
    end
    assert.is_true(known["network dns_failed"] and known["closed forked"] and known["timeout timed_out"])
    for pair in pairs(known) do assert.is_truthy(told[pair], pair) end
    for pair in pairs(told) do
      if not pair:find "^validation " then assert.is_true(known[pair], pair) end
    end
  end)

  it("has each code of what is found before anything is sent", function()
    local found = 0
    for _, path in ipairs { "csrc/contract/lfaults.c", "csrc/client/lbody.c", "csrc/client/lrequest.c" } do
      local text = read(path)
      for _, pattern in ipairs {
        'faults_add%(%w+, "([%w_]+)"',
        'lua_pushliteral%(L, "([%l]+_[%l_]+)"%);\n%s*lua_setfield%(L, %-2, "code"',
      } do
        for code in text:gmatch(pattern) do
          found = found + 1
          assert.is_truthy(told["validation " .. code], code)
        end
      end
    end
    assert.is_true(found >= 3)
  end)

  it("has each status in words", function()
    local known, listed = {}, {}
    for status, word in read("lua/celigo/errors.lua"):gmatch '%[(%d+)%] = "([%l_]+)"' do known[status] = word end
    for _, row in ipairs(assert(table_rows("docs/errors.md", "statuses"))) do
      local words = {}
      for word in row[2]:gmatch "`([%l_]+)`" do words[#words + 1] = word end
      for status in row[1]:gmatch "%d+" do listed[status] = table.remove(words, 1) end
      assert.same({}, words)
    end
    assert.same(known, listed)
  end)

  it("tells the truth about retries of a status", function()
    local text = read "docs/errors.md"
    local list = assert(text:match "`retryable` is true for ([%d, and]+)%.")
    local wanted = {}
    for status in list:gmatch "%d+" do wanted[tonumber(status)] = true end
    local fault = require "spec.support.fault_server"
    local server <close> = fault.start()
    local client <close> = require("celigo").new { base_url = server.url, token = "t", max_retries = 0 }
    for status = 400, 511 do
      server:script { { status = status } }
      local _, err = client:get_connector_by_id "id"
      assert.equal(wanted[status] or false, err.retryable, status)
    end
  end)
end)

describe("docs/environment.md", function()
  it("has each variable that the sources read", function()
    local text = read "docs/environment.md"
    local listing <close> = assert(io.popen "find lua examples csrc/client csrc/module -name '*.lua' -o -name '*.c'")
    local found, known = 0, {}
    for path in listing:lines() do
      for name in read(path):gmatch '"(CELIGO_[A-Z_]+)"' do
        if not name:find "_MT$" and not name:find "%.h$" then
          found, known[name] = found + 1, true
          assert.is_truthy(text:find("`" .. name .. "`", 1, true), path .. ": " .. name)
        end
      end
    end
    assert.is_true(found >= 4)
    local users = text:match "^(.-)\n## Of those who work"
    for name in users:gmatch "`(CELIGO_[A-Z_]+)`" do assert.is_true(known[name], name) end
  end)
end)

describe("docs/embedding.md", function()
  it("has each option of a C host", function()
    local members = {}
    local struct = assert(read("csrc/celigo.h"):match "typedef struct celigo_options {(.-)}")
    for name in struct:gsub("/%*.-%*/", ""):gmatch "([%w_]+);" do members[name] = true end
    assert.is_true(members.token and members.max_response_bytes)
    assert.same(members, names_of(assert(table_rows("docs/embedding.md", "member"))))
  end)
end)

describe("docs/testing.md", function()
  it("has each field of a rule of the sandbox", function()
    local known = {}
    for _, name in ipairs(require("celigo.sandbox.faults").fields()) do known[name] = true end
    assert.same(known, names_of(assert(table_rows("docs/testing.md", "field"))))
  end)
end)
