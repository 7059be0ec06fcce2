-- The pictures of the README: they show what is printed, and figures that the
-- performance page has.

local process = require "spec.support.process"

local read = require("spec.support.shell").read

local function words_of(svg_text)
  return (svg_text:gsub("<[^>]*>", ""):gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&amp;", "&"))
end

-- Ports and dates differ from run to run.
local function without_digits(text)
  return (text:gsub("%d+", "0"))
end

describe("the picture of make demo", function()
  it("shows what it prints", function()
    local quote = process.quote
    local command = ("LUA_PATH=%s LUA_CPATH=%s %s examples/quickstart.lua 2>&1"):format(
      quote(package.path), quote(package.cpath), quote(process.lua()))
    local pipe <close> = assert(io.popen(command))
    local printed = without_digits(pipe:read "a"):gsub("\n", "")
    local rows = 0
    for text in read "docs/images/demo.svg":gmatch "<text[^>]*>(.-)</text>" do
      local row = without_digits(words_of(text))
      if row ~= "$ make demo" and row ~= "⋮" then
        rows = rows + 1
        assert.is_truthy(printed:find(row, 1, true), row .. ": make pictures")
      end
    end
    assert.is_true(rows > 20)
  end)
end)

describe("the chart of speed", function()
  local rows = {}
  for workload, peer, ms in read "docs/images/speed.csv":gmatch "\n(%w+),([^,\n]+),([%d.]+)" do
    rows[#rows + 1] = { workload = workload, peer = peer, ms = ms }
  end

  it("has the figures of the performance page", function()
    local page = read "docs/performance.md"
    assert.is_true(#rows >= 15)
    for _, row in ipairs(rows) do
      local line = assert(page:match(("\n%%- %s: ([^\n]+)"):format(row.workload)), row.workload)
      local told = (" " .. line:gsub("%*%*", "") .. ","):match("[ ,]" .. row.peer .. " ([%d.]+)[ ,]")
      local what = ("%s of %s in docs/images/speed.csv: mend it, make pictures"):format(row.workload, row.peer)
      assert.equal(told, row.ms, what)
    end
  end)

  it("is made from them", function()
    local command = ("%s scripts/svg.lua speed <docs/images/speed.csv"):format(process.quote(process.lua()))
    local pipe <close> = assert(io.popen(command))
    assert.equal(pipe:read "a", read "docs/images/speed.svg", "make pictures")
  end)
end)
