-- A function nobody calls
playbook {
  name = "unused-function", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function tell() step "x" end -- expect: unused-local @ tell
function main(p)
  finish("done", p.domain)
end
