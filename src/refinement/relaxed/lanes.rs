//! Wide instructions where the processor has them.

/// Compiles a function twice, for the default processor and for one with AVX2, and takes the right one when it runs.
///
/// Both give the same bits: neither compiler nor processor may fuse or reorder what is written in the body. What the body
/// calls must be inlined, or it is compiled for the default processor only.
macro_rules! widely {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        fn $name($($arg: $kind),*) $(-> $result)? {
            #[inline(always)]
            fn plain($($arg: $kind),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $kind),*) $(-> $result)? {
                    plain($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    #[expect(unsafe_code, reason = "the processor was asked for AVX2 on the line above")]
                    // SAFETY: AVX2 is there.
                    return unsafe { avx2($($arg),*) };
                }
            }
            plain($($arg),*)
        }
    };
}

pub(super) use widely;
