-- docs/testing.md: its module and its spec work as they are printed, and the
-- spec notices what it is there to notice.

local process = require "spec.support.process"

-- The blocks of the page that name a file, by that name.
local function files_of(path)
  local file <close> = assert(io.open(path, "rb"))
  local files = {}
  for text in file:read("a"):gmatch "\n```lua\n(.-)```" do
    local name = text:match "^%-%- ([%w_]+%.lua)\n"
    if name then files[name] = text end
  end
  return files
end

local files = files_of "docs/testing.md"

-- Runs the page's spec by busted, as a user would: whether it passed, output.
local function run(module_text)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  for name, text in pairs { ["extend.lua"] = module_text, ["extend_spec.lua"] = files["extend_spec.lua"] } do
    local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(text)
  end
  local runner = folder .. "/run.lua"
  local file = assert(io.open(runner, "wb"))
  file:write(('package.path = %q .. package.path package.cpath = %q\nrequire "busted.runner" { standalone = false }')
    :format(folder .. "/?.lua;" .. package.path .. ";", package.cpath))
  file:close()
  local program = process.start { process.lua(), runner, "--output=TAP", folder .. "/extend_spec.lua" }
  local status, output = program:wait()
  os.execute("rm -r " .. folder)
  return status == 0, output
end

describe("the spec that docs/testing.md shows", function()
  it("passes as it is printed", function()
    local good, output = run(files["extend.lua"])
    assert.is_true(good, output)
    local _, count = output:gsub("%f[^\n\0]ok ", "")
    assert.equal(4, count, output)
  end)

  -- What is changed in the module, and the test that has to fail.
  local faults = {
    ['other.maybe_applied and "unknown" or "not done"'] = { '"not done"', "does not know what became" },
    ["license.expires ~= wanted"] = { "false", "leaves the date out" },
    ["days %* 86400"] = { "days * 3600", "writes once" },
    ['return "done" end'] = { 'client:update_connector_license(id, license_id, license) return "done" end',
      "writes once" },
    ["local from = license.expires and"] = { "license.opts = {}\n    local from = license.expires and" },
  }

  for pattern, change in pairs(faults) do
    it((change[2] and "fails" or "passes") .. " where the module says " .. change[1], function()
      local text, count = files["extend.lua"]:gsub(pattern, (change[1]:gsub("%%", "%%%%")))
      assert.equal(1, count)
      local good, output = run(text)
      assert.equal(change[2] == nil, good, output)
      if change[2] then assert.is_truthy(output:find("not ok [^\n]*" .. change[2]), output) end
    end)
  end
end)
