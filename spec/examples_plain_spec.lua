-- What the examples make of text: CSV, and what is safe on a terminal.

local example = require "spec.support.example" -- finds the examples' own parts
local csv = require "recipe.csv"
local files = require "recipe.files"
local plain = require "recipe.plain"
local records = require "recipe.records"
local seeded = require "spec.support.seeded"

describe("csv", function()
  it("reads what it writes", function()
    seeded.each(300, function(random)
      local names, text = {}, {}
      for i = 1, random:integer(2, 5) do names[i] = "c" .. i end
      text[1] = csv.line(names)
      local expected = {}
      for i = 1, random:integer(0, 5) do
        local record, cells = {}, {}
        for n, name in ipairs(names) do
          local parts = {}
          for k = 1, random:integer(0, 4) do parts[k] = random:pick { "a", '"', ",", "'", "=", "-", " ", "é" } end
          cells[n] = table.concat(parts)
          record[name] = cells[n]
        end
        expected[i], text[i + 1] = record, csv.line(cells)
      end
      local rows = assert(csv.parse(table.concat(text)))
      for _, record in ipairs(rows) do record.line = nil end
      assert.same(expected, rows)
    end)
  end)

  it("takes what other programs write", function()
    assert.same({ { line = 2, a = "1", b = "2" } }, (csv.parse "\u{FEFF}a,b\r\n1,2"))
    assert.same({ { line = 2, a = "1", b = "x\ny" }, { line = 4, a = "", b = "" } }, (csv.parse 'a,b\n1,"x\ny"\n,\n\n'))
    assert.same({}, (csv.parse ""))
  end)

  it("tells the line of what is wrong", function()
    for _, case in ipairs {
      { 'a\n"x', "line 2: a quote is out of place" },
      { 'a\nx"y\n', "line 2: a quote is out of place" },
      { 'a,b\n"1"2,3\n', "line 2: a quote is out of place" },
      { "a,b\n1,2\n3\n", "line 3: 1 cells, expected 2" },
    } do
      local rows, message = csv.parse(case[1])
      assert.is_nil(rows)
      assert.equal(case[2], message)
    end
  end)

  it("leaves numbers and booleans alone, and keeps a row on one line", function()
    assert.equal("-1,true,,'-1,a\\u{A}b\n", csv.line({ -1, true, nil, "-1", "a\nb" }, 5))
  end)
end)

describe("plain text", function()
  it("shows what steers a terminal, and leaves the rest alone", function()
    for _, case in ipairs {
      { "Zoë 東京 😀", "Zoë 東京 😀" },
      { "\27[2J", "\\u{1B}[2J" },
      { "a\0b\tc", "a\\u{0}b\\u{9}c" },
      { "\u{9B}31m", "\\u{9B}31m" },
      { "\u{202E}\u{2066}\u{200F}\u{61C}", "\\u{202E}\\u{2066}\\u{200F}\\u{61C}" },
      { "\u{2028}\u{2029}", "\\u{2028}\\u{2029}" },
      { "a\xFFb\xC3", "a\u{FFFD}b\u{FFFD}" },
      { "\xED\xA0\x80", "\u{FFFD}\u{FFFD}\u{FFFD}" },
    } do
      assert.equal(case[2], plain.text(case[1]))
    end
  end)

  it("is never a control character, whatever the bytes", function()
    seeded.each(500, function(random)
      local text = plain.text(random:bytes(random:integer(0, 60)))
      assert.truthy(utf8.len(text))
      for _, code in utf8.codes(text) do
        assert.is_true(code >= 0x20 and not (code >= 0x7F and code <= 0x9F))
      end
      assert.truthy(plain.width(text))
    end)
  end)

  it("counts the columns of a terminal", function()
    assert.equal(3, plain.width "abc")
    assert.equal(4, plain.width "東京")
    assert.equal(3, plain.width "Zoe\u{308}")
  end)
end)

describe("saving a file", function()
  it("leaves nothing behind where it fails", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    assert.is_nil((files.save(folder .. "/none/file", "x")))
    local good, message = files.save(folder, "x")
    assert.is_nil(good)
    example.has(message, folder)
    assert(os.execute("rmdir " .. folder)) -- it is empty
  end)

  it("takes names of any kind", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    for _, name in ipairs { "it's; touch x", "-n", "a b" } do
      assert(files.save(folder .. "/" .. name, "1"))
      assert(files.save(folder .. "/" .. name, "2"))
      assert.equal("2", example.read(folder .. "/" .. name))
    end
    assert(os.execute("rm -r " .. folder))
  end)
end)

describe("a license's end", function()
  it("is that of its trial where it has no other", function()
    assert.same({ 0, "expires" }, { records.ending { expires = "1970-01-01T00:00:00Z", trialEndDate = "x" } })
    assert.same({ 1, "trialEndDate" }, { records.ending { trialEndDate = "1970-01-01T00:00:01Z" } })
    assert.is_nil((records.ending { expires = "soon" }))
  end)
end)
