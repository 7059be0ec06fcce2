# The library for C hosts: everything that the Lua module holds, and the Lua
# layer as C arrays made from the same files that are installed.

include(CMakePackageConfigHelpers)

set(_celigo_lua_c "${CMAKE_CURRENT_BINARY_DIR}/lua_files.c")
set(_celigo_lua_names ${CELIGO_LUA_FILES} ${CELIGO_LOOP_FILES})
list(TRANSFORM _celigo_lua_names PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/"
  OUTPUT_VARIABLE _celigo_lua_paths)
list(JOIN _celigo_lua_names "," _celigo_lua_joined)
add_custom_command(OUTPUT ${_celigo_lua_c}
  COMMAND ${CMAKE_COMMAND} -DOUT=${_celigo_lua_c}
    -DROOT=${CMAKE_CURRENT_SOURCE_DIR} -DFILES=${_celigo_lua_joined}
    -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/EmbedLua.cmake
  DEPENDS ${_celigo_lua_paths} ${CMAKE_CURRENT_SOURCE_DIR}/cmake/EmbedLua.cmake
  VERBATIM)

add_library(celigo_embed_objects OBJECT csrc/module/lembed.c ${_celigo_lua_c})
set_target_properties(celigo_embed_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_link_libraries(celigo_embed_objects PRIVATE celigo_core_objects)

# In a Lua built as C++ errors are exceptions: they must be able to pass.
foreach(objects IN ITEMS base core embed)
  target_compile_options(celigo_${objects}_objects PRIVATE -fexceptions)
endforeach()

function(celigo_add_library target type)
  add_library(${target} ${type}
    $<TARGET_OBJECTS:celigo_base_objects> $<TARGET_OBJECTS:celigo_core_objects>
    $<TARGET_OBJECTS:celigo_embed_objects>)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME celigo
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/csrc>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC CURL::libcurl ZLIB::ZLIB Threads::Threads m
    PRIVATE $<BUILD_INTERFACE:celigo_lua>)
  install(TARGETS ${target} EXPORT celigoTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

celigo_add_library(celigo STATIC)
add_library(celigo::celigo ALIAS celigo)
if(CELIGO_SHARED)
  celigo_add_library(celigo_shared SHARED)
endif()

install(FILES csrc/celigo.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(_celigo_package ${CMAKE_INSTALL_LIBDIR}/cmake/celigo)
install(EXPORT celigoTargets NAMESPACE celigo:: DESTINATION ${_celigo_package})
configure_package_config_file(cmake/celigoConfig.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/celigoConfig.cmake"
  INSTALL_DESTINATION ${_celigo_package})
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/celigoConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/celigoConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/celigoConfigVersion.cmake"
  DESTINATION ${_celigo_package})

# The package can be moved: the prefix is told from where the file lies, which
# may be several folders below it (lib/x86_64-linux-gnu).
set(_celigo_pc_prefix "${CMAKE_INSTALL_PREFIX}")
foreach(_dir IN ITEMS LIBDIR INCLUDEDIR)
  set(CELIGO_PC_${_dir} "${CMAKE_INSTALL_${_dir}}")
  if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_${_dir}}")
    set(CELIGO_PC_${_dir} "\${prefix}/${CMAKE_INSTALL_${_dir}}")
  endif()
endforeach()
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  file(RELATIVE_PATH _celigo_up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
  string(REGEX REPLACE "/$" "" _celigo_up "${_celigo_up}")
  set(_celigo_pc_prefix "\${pcfiledir}/${_celigo_up}")
endif()
set(CELIGO_PC_PREFIX "${_celigo_pc_prefix}")
configure_file(cmake/celigo.pc.in "${CMAKE_CURRENT_BINARY_DIR}/celigo.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/celigo.pc"
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
