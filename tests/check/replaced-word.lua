-- A word of the language as a variable
playbook {
  name = "replaced-word", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
step = nil -- expect: replaced-word @ step
function main(p)
  finish("done", p.domain)
end
