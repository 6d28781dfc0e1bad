-- A parameter that hides a word
playbook {
  name = "shadowed-parameter", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function tell(page) return page end -- expect: shadowed-word @ page)
function main(p)
  finish(tell(p.domain))
end
