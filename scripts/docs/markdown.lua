--- Markdown to HTML: as much of it as the documents of this repository use.
-- Headings, paragraphs, lists of one level, tables, fenced code, images,
-- links, emphasis, code. Raises at what it does not know.
--
--     local html, headings = markdown.convert(text, resolve)
--
-- `resolve(target)` gives a link's address on the site, or nil where the link
-- has none: its text alone is shown then. `headings` is an array of
-- { level, text, id }.

local markdown = {}

local entities <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

function markdown.escape(text)
  return (text:gsub('[&<>"]', entities))
end
local escape <const> = markdown.escape

--- The anchor of a heading.
function markdown.anchor(text)
  return (text:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))
end

-- Words between code, links and marks. What is finished is kept aside, as
-- \1NUMBER\2, so that nothing looks at it again.
local function inline(text, resolve)
  local kept = {}
  local function keep(html)
    kept[#kept + 1] = html
    return ("\1%d\2"):format(#kept)
  end
  text = text:gsub("`([^`]+)`", function(code) return keep("<code>" .. escape(code) .. "</code>") end)
  text = text:gsub('<img src="([^"]+)"([^>]*)>', function(source, rest)
    return keep(('<img src="%s"%s>'):format(resolve(source) or source, rest))
  end)
  text = escape(text):gsub("%[([^%]]+)%]%(([^)]+)%)", function(words, target)
    local address = resolve(target)
    return address and keep(('<a href="%s">'):format(address)) .. words .. keep "</a>" or words
  end)
  text = text:gsub("%[(Unreleased)%]", "%1"):gsub("%[(%d+%.%d+%.%d+)%]", "%1") -- headings of the change log
  text = text:gsub("%*%*([^*]+)%*%*", "<strong>%1</strong>"):gsub("%*([^*%s][^*]*)%*", "<em>%1</em>")
  repeat
    local count
    text, count = text:gsub("\1(%d+)\2", function(n) return kept[tonumber(n)] end)
  until count == 0
  return text
end

local function table_cells(line)
  local cells = {}
  for cell in line:match "^|(.*)|%s*$":gmatch "[^|]+" do cells[#cells + 1] = cell:match "^%s*(.-)%s*$" end
  return cells
end

-- A table: its cells carry the headings, for screens too narrow for columns.
local function convert_table(lines, resolve)
  local heads = table_cells(lines[1])
  local out = { "<table><thead><tr>" }
  for _, head in ipairs(heads) do out[#out + 1] = ("<th>%s</th>"):format(inline(head, resolve)) end
  out[#out + 1] = "</tr></thead><tbody>"
  for i = 3, #lines do
    out[#out + 1] = "<tr>"
    for j, cell in ipairs(table_cells(lines[i])) do
      local label = heads[j] and escape(heads[j]:gsub("`", "")) or ""
      out[#out + 1] = ('<td data-label="%s">%s</td>'):format(label, inline(cell, resolve))
    end
    out[#out + 1] = "</tr>"
  end
  out[#out + 1] = "</tbody></table>"
  return table.concat(out)
end

local function convert_list(lines, resolve)
  local items, ordered = {}, lines[1]:find "^%d"
  for _, line in ipairs(lines) do
    local first = line:match "^[-*] (.*)" or line:match "^%d+%. (.*)"
    if first then items[#items + 1] = first else items[#items] = items[#items] .. " " .. line:match "^%s*(.*)" end
  end
  for i, item in ipairs(items) do items[i] = "<li>" .. inline(item, resolve) .. "</li>" end
  return ((ordered and "<ol>%s</ol>" or "<ul>%s</ul>"):format(table.concat(items, "\n")))
end

local function kind_of(line)
  if line:find "^#+ " then return "heading" end
  if line:find "^```" then return "code" end
  if line:find "^|" then return "table" end
  if line:find "^[-*] " or line:find "^%d+%. " then return "list" end
  if line:find "^%[[^%]]+%]: " then return "definition" end
  if line:find "^%s*$" then return "blank" end
  return "text"
end

function markdown.convert(text, resolve)
  local lines, out, headings, seen = {}, {}, {}, {}
  for line in (text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  local at = 1
  local function take(same)
    local taken = { lines[at] }
    at = at + 1
    while lines[at] and same(lines[at]) do
      taken[#taken + 1] = lines[at]
      at = at + 1
    end
    return taken
  end
  while lines[at] do
    local kind = kind_of(lines[at])
    if kind == "heading" then
      local marks, words = lines[at]:match "^(#+) (.*)"
      local id = markdown.anchor(words)
      seen[id] = (seen[id] or -1) + 1
      if seen[id] > 0 then id = ("%s-%d"):format(id, seen[id]) end
      headings[#headings + 1] = { level = #marks, text = words:gsub("[`*]", ""), id = id }
      out[#out + 1] = ('<h%d id="%s">%s</h%d>'):format(#marks, id, inline(words, resolve), #marks)
      at = at + 1
    elseif kind == "code" then
      local language = lines[at]:match "^```(%w*)"
      local block = take(function(line) return not line:find "^```" end)
      table.remove(block, 1)
      at = at + 1
      out[#out + 1] = ('<pre><code class="%s">%s</code></pre>'):format(language, escape(table.concat(block, "\n")))
    elseif kind == "table" then
      out[#out + 1] = convert_table(take(function(line) return kind_of(line) == "table" end), resolve)
    elseif kind == "list" then
      out[#out + 1] = convert_list(take(function(line)
        return kind_of(line) == "list" or line:find "^%s+%S" ~= nil
      end), resolve)
    elseif kind == "text" then
      local words = table.concat(take(function(line) return kind_of(line) == "text" end), "\n")
      out[#out + 1] = "<p>" .. inline(words, resolve) .. "</p>"
    else
      at = at + 1
    end
  end
  return table.concat(out, "\n"), headings
end

return markdown
