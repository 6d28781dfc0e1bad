-- A kind of param that there is none of
playbook {
  name = "param-kind", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { 
    count = param.int "How many", -- expect: header @ count
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.count)
end
