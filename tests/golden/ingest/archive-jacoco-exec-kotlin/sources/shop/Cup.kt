package shop

enum class Size { SMALL, LARGE }

inline fun twice(step: () -> Unit) {
    step()
    step()
}

fun price(
    size: Size,
    cups: Int = 1 +
        1
): Int {
    return when (size) {
        Size.SMALL -> 2 * cups
        Size.LARGE -> 3 * cups
    }
}

fun unused(): Int {
    return 0
}
