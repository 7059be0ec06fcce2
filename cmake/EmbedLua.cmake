# Writes Lua files as C arrays. Run by the build:
#   cmake -DOUT=file.c -DROOT=dir -DFILES=a.lua,b.lua -P EmbedLua.cmake
# FILES are relative to ROOT; lua/celigo/init.lua becomes module "celigo".

string(REPLACE "," ";" FILES "${FILES}")
set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "^lua/" "" module "${file}")
  string(REGEX REPLACE "(/init)?\\.lua$" "" module "${module}")
  string(REPLACE "/" "." module "${module}")
  string(APPEND arrays "static const unsigned char file_${n}[] = {\n${bytes}};\n")
  string(APPEND rows "  {\"${module}\", file_${n}, sizeof file_${n}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE "${OUT}.new"
  "/* Made by the build from the Lua files. */\n#include \"module/lua_files.h\"\n\n"
  "${arrays}\nconst cel_lua_file cel_lua_files[] = {\n${rows}};\n"
  "const size_t cel_lua_files_count = ${n};\n")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUT}.new")
