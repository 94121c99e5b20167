/** The bird that leads to honey: the only place where honey yellow appears. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 1.5 28.6 8.75v14.5L16 30.5 3.4 23.25V8.75Z" fill="#f5b301" />
      <path
        d="M7.400 20.200c3.900-.2 5.600-1.700 6.700-4.500 1.100-2.900 2.800-4.600 5.600-4.600 1.500 0 2.800.7 3.400 1.900l3.300 1.100-3 1.200c-.1 4.600-3.400 7.600-8 7.600-3.100 0-5.900-1-8-2.700Z"
        fill="#2a2140"
      />
      <path
        d="M12.400 18.300c2.200.4 4.500-.3 6-2.200-.3 2.900-2.900 4.500-6 2.200Z"
        fill="#f5b301"
        opacity=".85"
      />
      <circle cx="20.400" cy="13.500" r=".95" fill="#fff" />
    </svg>
  );
}
