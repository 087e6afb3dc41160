package shop

fun main(arguments: Array<String>) {
    var sum = 0
    if (arguments[0] == "sizes") {
        sum = price(Size.LARGE)
    }
    if (arguments[0] == "inlined") {
        twice {
            sum += 1
        }
    }
    check(sum > 0)
}
