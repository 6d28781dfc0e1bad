-- SPDX-License-Identifier: MIT
-- For Neovim 0.11 or newer: source it from init.lua. lua-language-server must be in $PATH; what it knows of
-- muster comes from the folder itself (muster doc --install-editor DIR).
vim.lsp.config("lua_ls", {
  cmd = { "lua-language-server" },
  filetypes = { "lua" },
  root_markers = { ".luarc.json" },
})
vim.lsp.enable("lua_ls")

-- :make runs muster check on the playbook at hand and fills the quickfix list.
vim.api.nvim_create_autocmd("BufEnter", {
  pattern = "playbook.lua",
  callback = function(event)
    vim.bo[event.buf].makeprg = "muster check " .. vim.fn.fnameescape(vim.fn.fnamemodify(event.file, ":p:h"))
    vim.bo[event.buf].errorformat = "%f:%l:%c: %trror: %m,%f:%l:%c: %tarning: %m"
  end,
})
