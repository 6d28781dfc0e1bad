-- A parameter that changes nothing
playbook {
  name = "unused-param", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { 
    domain = param.domain "The domain",
    port = param.integer "Its port", -- expect: unused-param @ port
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
