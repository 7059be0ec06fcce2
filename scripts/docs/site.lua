--- Makes the reference: what LDoc has made of the sources, the documents, the
-- fields of records and the C interface, in one frame, with a search.
--
--     lua5.4 scripts/docs/site.lua LDOC-OUTPUT FOLDER

package.path = "scripts/docs/?.lua;" .. package.path
local markdown = require "markdown"

local from <const>, to <const> = arg[1], arg[2]
local escape <const> = markdown.escape

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function write(name, text)
  local file <close> = assert(io.open(to .. "/" .. name, "wb"))
  assert(file:write(text))
end

local version <const> = assert(read "CMakeLists.txt":match "project%(celigo VERSION ([%d.]+)")

local function words_of(html)
  return (html:gsub("<[^>]*>", " "):gsub("&quot;", '"'):gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&")
    :gsub("%s+", " "))
end

-- { group, name, title, body, entries }: an entry is { title, anchor, words }
-- for the search.
local pages = {}

local function add_page(group, name, title, body, entries)
  pages[#pages + 1] = { group = group, name = name, title = title, body = body, entries = entries }
end

-- {====== What LDoc has made

-- Paragraphs, lists and indented code of a comment: LDoc leaves the last two
-- as they are.
local function format_text(html)
  local out = {}
  for text in (html:gsub("<p>", "\0") .. "\0"):gmatch "([^\0]*)\0" do
    local block = text:gsub("</p>", ""):gsub("^%s*\n", ""):gsub("%s+$", "")
    if block:find "^     %S" then
      out[#out + 1] = "<pre><code>" .. block:sub(6):gsub("\n     ", "\n") .. "</code></pre>"
    elseif block:find "^%s*[-*] " or block:find "\n%s*[-*] " then
      local before, items = ("\n" .. block):match "^(.-)\n%s*[-*] (.*)$"
      if before:find "%S" then out[#out + 1] = "<p>" .. before .. "</p>" end
      out[#out + 1] = "<ul><li>" .. items:gsub("\n%s*[-*] ", "</li>\n<li>") .. "</li></ul>"
    elseif block:find "%S" then
      out[#out + 1] = "<p>" .. block .. "</p>"
    end
  end
  return table.concat(out, "\n")
end

-- Pages lie in one folder, and an item's anchor is its name.
local function flatten(html)
  html = html:gsub('href="%.%./%l+/', 'href="'):gsub('href="%l+/(celigo)', 'href="%1')
  html = html:gsub('(href="[^"#]*#)[%w_.]+:', "%1"):gsub('(id=")[%w_.]+:', "%1")
  return (html:gsub('<div class="text">(.-)</div>', function(text) return format_text(text) end))
end

local function add_modules()
  for line in read(from .. "/index.html"):gmatch "[^\n]+" do
    local name, path = line:match "^(celigo[%w_.]*)\t(%S+)\t"
    if name then
      local body = flatten(read(from .. "/" .. path))
      local entries = {}
      for item in body:gmatch '<section class="item">(.-)</section>' do
        local anchor, title = item:match '<h2 id="([^"]+)"><code>(.-)</code>'
        entries[#entries + 1] = { title = words_of(title), anchor = anchor, words = words_of(item) }
      end
      add_page("Reference", name .. ".html", name, body, entries)
    end
  end
end

-- }======

-- {====== Records, and C

-- The classes of records in types.lua, in their order.
local function read_records()
  local classes, class, words = {}, nil, {}
  for line in read "lua/celigo/types.lua":match "\n%-%- Records.-\n(.-)\n%-%- Options":gmatch "[^\n]*" do
    local name, parent = line:match "^%-%-%-@class celigo%.([%w_]+):?%s*(%S*)"
    local field, mark, kind, text = line:match "^%-%-%-@field ([%w_]+)(%??) (%S+) (.*)"
    if name then
      class = { name = name, parent = parent:match "^celigo%.(.+)", text = table.concat(words, " "), fields = {} }
      classes[#classes + 1] = class
    elseif field then
      table.insert(class.fields, { name = field, optional = mark == "?", kind = kind, text = text })
    end
    local first, more = line:match "^%-%-%- (.*)", line:match "^%-%- (.*)"
    if first then
      words = { first }
    elseif more and words[1] then
      words[#words + 1] = more
    else
      words = {}
    end
  end
  return classes
end

local function type_link(kind, known)
  return (escape(kind):gsub("celigo%.([%w_]+)", function(name)
    return known[name] and ('<a href="#%s">%s</a>'):format(name, name) or name
  end))
end

local function code_words(text)
  return (escape(text):gsub("`([^`]+)`", "<code>%1</code>"))
end

local function add_records()
  local classes, known, entries = read_records(), {}, {}
  for _, class in ipairs(classes) do known[class.name] = true end
  local out = { "<h1>Fields of records</h1>",
    "<p>What is read (<code>Connector</code>, <code>License</code>, <code>Installation</code>) and what is sent "
      .. "(<code>…Body</code>, <code>…Request</code>). Records may hold more; it survives being written back. "
      .. "<em>Reported</em>: in no contract, but seen in clients that others have published; any of them may be "
      .. "missing. Any optional member of what is sent may be <code>celigo.null</code>.</p>" }
  for _, class in ipairs(classes) do
    out[#out + 1] = ('<section class="item"><h2 id="%s"><code>%s</code></h2>'):format(class.name, class.name)
    if class.text ~= "" then out[#out + 1] = "<p>" .. code_words(class.text) .. "</p>" end
    if class.parent then
      out[#out + 1] = ('<p>All fields of <a href="#%s">%s</a>, and:</p>'):format(class.parent, class.parent)
    end
    out[#out + 1] = '<dl class="members">'
    local words = { class.text }
    for _, field in ipairs(class.fields) do
      words[#words + 1] = field.name .. " " .. field.text
      out[#out + 1] = ('<div><dt><code>%s</code> <span class="type">%s%s</span></dt><dd>%s</dd></div>'):format(
        field.name, type_link(field.kind, known), field.optional and ", optional" or "", code_words(field.text))
    end
    out[#out + 1] = "</dl></section>"
    entries[#entries + 1] = { title = class.name, anchor = class.name, words = table.concat(words, " ") }
  end
  add_page("Reference", "records.html", "Fields of records", table.concat(out, "\n"), entries)
end

-- celigo.h: each comment as text, what it is about as code.
local function add_c_interface()
  local header = read "csrc/celigo.h"
  local out, entries = { "<h1>C interface</h1>" }, {}
  out[2] = [[<p>How a host is built with it: <a href="embedding.html">C hosts</a>.</p>]]
  local struct = header:match "typedef struct celigo_options {.-} celigo_options;"
  for comment, code in header:gmatch "/%*([^/]*)%*/\n([Ct][Ey][^\n]*)\n" do
    local text = comment:gsub("\n%*%* ?", "\n"):gsub("%s+$", "")
    local name = code:match "([%w_]+)%(" or "celigo_options"
    if name == "celigo_options" then code = struct end
    out[#out + 1] = ('<section class="item"><h2 id="%s"><code>%s</code></h2>'):format(name, name)
    out[#out + 1] = ('<pre><code class="c">%s</code></pre>'):format(escape(code))
    for paragraph in (text:gsub("\n%s*\n", "\0") .. "\0"):gmatch "([^\0]+)\0" do
      out[#out + 1] = "<p>" .. code_words(paragraph) .. "</p>"
    end
    out[#out + 1] = "</section>"
    entries[#entries + 1] = { title = name, anchor = name, words = text }
  end
  assert(#entries >= 4, "celigo.h has another form")
  add_page("Reference", "c-interface.html", "C interface", table.concat(out, "\n"), entries)
end

-- }======

-- {====== Documents

-- The order of the guides; those that are not named come after them.
local order <const> = {
  "errors", "troubleshooting", "faq", "service", "testing", "automation", "event-loops", "embedding", "hosts",
  "json", "environment", "performance", "threats", "support", "design", "conventions",
}
local groups <const> = { support = "Project", design = "Project", conventions = "Project", threats = "Project",
  performance = "Project", environment = "Reference", errors = "Reference" }

-- Of each document: where it is, its group and page.
local function list_documents()
  local documents, rank = {}, {}
  for i, name in ipairs(order) do rank[name] = i end
  local pipe <close> = assert(io.popen "ls docs/*.md")
  for path in pipe:lines() do
    local name = path:match "([%w-]+)%.md$"
    documents[#documents + 1] = { path = path, name = name .. ".html", group = groups[name] or "Guides",
      rank = rank[name] or 100 }
  end
  for i, name in ipairs { "CHANGELOG", "CONTRIBUTING", "SECURITY" } do
    documents[#documents + 1] = { path = name .. ".md", name = name:lower() .. ".html", group = "Project",
      rank = 200 + i }
  end
  documents[#documents + 1] = { path = "README.md", name = "index.html", group = "Start", rank = 0 }
  table.sort(documents, function(a, b) return a.rank < b.rank end)
  return documents
end

local function normal(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then parts[#parts] = nil elseif part ~= "." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

local images = {}

local function add_documents()
  local documents, by_path = list_documents(), {}
  for _, document in ipairs(documents) do by_path[document.path] = document.name end
  for _, document in ipairs(documents) do
    local folder = document.path:match "^(.*/)" or ""
    local function resolve(target)
      if target:find "^https?://" or target:find "^#" then return target end
      local file, anchor = target:match "^([^#]*)(#?.*)$"
      local path = normal(folder .. file)
      if path:find "%.svg$" then
        images[path] = path:match "[^/]+$"
        return images[path]
      end
      return by_path[path] and by_path[path] .. anchor
    end
    local body, headings = markdown.convert(read(document.path), resolve)
    local entries = {}
    local starts = {}
    for i, heading in ipairs(headings) do starts[i] = body:find(('id="%s"'):format(heading.id), 1, true) end
    for i, heading in ipairs(headings) do
      entries[i] = { title = heading.text, anchor = heading.id,
        words = words_of("<" .. body:sub(starts[i], starts[i + 1] or #body)) }
    end
    add_page(document.group, document.name, headings[1].text, body, entries)
  end
end

-- }======

-- {====== The frame

local titles <const> = { ["index.html"] = "Overview", ["errors.html"] = "Error codes", ["changelog.html"] = "Changes" }

local function navigation(current)
  local out = {}
  for _, group in ipairs { "Start", "Reference", "Guides", "Project" } do
    out[#out + 1] = ("<h2>%s</h2><ul>"):format(group)
    for _, page in ipairs(pages) do
      if page.group == group then
        out[#out + 1] = ('<li><a href="%s"%s>%s</a></li>'):format(page.name,
          page == current and ' aria-current="page"' or "", escape(titles[page.name] or page.title))
      end
    end
    out[#out + 1] = "</ul>"
  end
  return table.concat(out, "\n")
end

local FRAME <const> = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<div class="frame">
<nav aria-label="Pages">
<a class="brand" href="index.html">celigo for Lua</a><span class="version">{{version}}</span>
<div class="found">
<input type="search" placeholder="Search ( / )" aria-label="Search" autocomplete="off">
<ol hidden></ol>
</div>
<details open><summary>All pages</summary>
{{navigation}}
</details>
</nav>
<main>
{{body}}
<footer>celigo {{version}}</footer>
</main>
</div>
<script src="search-index.js"></script>
<script src="search.js"></script>
</body>
</html>
]]

local function quote(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("%s+", " "):gsub("</", "<\\/") .. '"'
end

local function write_pages()
  local index = {}
  for _, page in ipairs(pages) do
    local title = titles[page.name] or page.title
    local values = { title = escape(title) .. " · celigo for Lua", version = version, navigation = navigation(page),
      body = page.body }
    write(page.name, (FRAME:gsub("{{(%l+)}}", values)))
    for _, entry in ipairs(page.entries) do
      index[#index + 1] = ("[%s,%s,%s,%s]"):format(quote(entry.title), quote(title),
        quote(page.name .. "#" .. entry.anchor), quote(entry.words))
    end
  end
  write("search-index.js", "const searchIndex = [\n" .. table.concat(index, ",\n") .. "\n];\n")
  write("search.js", read "scripts/docs/search.js")
  write("style.css", read "scripts/docs/style.css")
  for path, name in pairs(images) do write(name, read(path)) end
end

-- }======

add_modules()
add_records()
add_c_interface()
add_documents()
write_pages()
